"""The phone page's waiting reports as one file, carried to the station by USB or chat."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson

from collectors import json_in, pwa
from collectors.members import Members
from collectors.records import Refused

LIMIT_BYTES = 64_000_000
MAX_MEMBERS = 1_000
DOCUMENT, SEAL = "handin.json", "seal.txt"
FORMAT = "shuangge-handin"
_FILE = re.compile(r"files/[0-9a-f]{64}(\.[a-z]{1,5})?")


@dataclass(frozen=True, slots=True)
class Handin:
    """A batch with its author: `sealed` are the bytes that `seal` (hex, may be empty) was made over.

    The seal covers the reports; each file is covered by the SHA-256 that its report names.
    """

    author: UUID
    batch: pwa.Batch
    parts: Mapping[str, bytes]
    sealed: bytes
    seal: str


def decode(data: bytes) -> Handin:
    """Read a file of waiting reports: a ZIP with `handin.json`, `seal.txt` and `files/<sha256>`.

    No name of the archive becomes a path. Raises Refused: bad_zip, zip_bomb, bad_zip_name, handin_format, and
    what `pwa.decode` refuses.
    """
    members = _unpacked(data)
    if DOCUMENT not in members:
        raise Refused.because("handin_format", "handin.json is missing")
    sealed = members[DOCUMENT]
    document = Members(json_in.parsed(sealed, limit=pwa.BODY_LIMIT))
    if document.text("format", limit=40, required=False) != FORMAT:
        raise Refused.because("handin_format", "not a file of waiting reports")
    author = document.uuid("author")
    document.number("version", low=1, high=1)
    batch = document.take("batch", required=True)
    document.close()
    document.finish()
    parts = {name.removeprefix("files/"): found for name, found in members.items() if _FILE.fullmatch(name)}
    seal = members.get(SEAL, b"").decode("ascii", "replace").strip()
    return Handin(author, pwa.decode(orjson.dumps(batch), parts), parts, sealed, seal)


def _unpacked(data: bytes) -> Mapping[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {member.filename: _read(archive, member) for member in _guarded(archive)}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused.because("bad_zip", f"the archive cannot be read: {error}") from None


def _guarded(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members, after the whole directory has passed the limits: photos hardly shrink."""
    listed = archive.infolist()
    total = sum(member.file_size for member in listed)
    if len(listed) > MAX_MEMBERS or total > LIMIT_BYTES:
        raise Refused.because("zip_bomb", "unpacks to too much", limit=LIMIT_BYTES, size=total)
    for member in listed:
        if member.filename not in (DOCUMENT, SEAL) and not _FILE.fullmatch(member.filename):
            raise Refused.because("bad_zip_name", "a member that does not belong here")
    return listed


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as source:
        return source.read(member.file_size)
