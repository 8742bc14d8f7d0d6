"""Signed packages between networks: a zip with a manifest, rows as lines of JSON, files by their hash."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from collectors import json_in
from collectors.members import Members
from collectors.records import Refused

FORMAT = "shuangge-package/1"
KINDS = ("contents", "receipt")
ROWS = ("reports", "cases", "events", "receipts")
MAX_MEMBERS = 5_000
MAX_LINES = 20_000
MAX_LINE_BYTES = 1_000_000
MAX_FILE_BYTES = 32_000_000
MAX_TOTAL_BYTES = 2_000_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 8_000_000
_MANIFEST, _SIGNATURE = "manifest.json", "signature.json"
_NAME = re.compile(r"(?:reports|cases|events|receipts)\.jsonl|files/[0-9a-f]{64}")
_HEAD_LIMIT = 4_000_000
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, TypeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """What a package says of itself: its id, whose it is, when it was made, and which package it answers."""

    id: UUID
    kind: str
    station: str
    made_at: str
    answers: UUID | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def public_key(seed: bytes) -> bytes:
    """The 32 bytes of the Ed25519 public key (RFC 8032) that belongs to a 32-byte secret."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def fingerprint(key: bytes) -> str:
    """SHA-256 of a public key in hex: what two people compare by telephone."""
    return sha256(key).hexdigest()


def readable_key(text: str) -> bytes:
    """A public key as 64 hexadecimal digits, blanks and colons between allowed. Raises Refused 'bad_key'."""
    try:
        key = bytes.fromhex(re.sub(r"[\s:]", "", text))
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise Refused.because("bad_key", "an Ed25519 key of 64 hexadecimal digits", "/public_key") from None
    return key


def write(
    path: Path,
    head: Head,
    rows: Mapping[str, Iterable[Mapping[str, Any]]],
    files: Iterable[tuple[str, bytes]],
    seed: bytes,
) -> Head:
    """Write a package: rows by member (reports, cases, events, receipts), files by their SHA-256.

    Returns the head with the counts. The signature covers the manifest, the manifest each member.
    """
    members: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ROWS:
            if name in rows:
                counts[name], members[f"{name}.jsonl"] = _write_rows(archive, f"{name}.jsonl", rows[name])
        for sha, data in files:
            if f"files/{sha}" not in members:
                _put(archive, f"files/{sha}", data, zipfile.ZIP_STORED)
                members[f"files/{sha}"] = {"sha256": sha, "size": len(data)}
                counts["files"] = counts.get("files", 0) + 1
        manifest = orjson.dumps(
            {
                "format": FORMAT,
                "id": str(head.id),
                "kind": head.kind,
                "station": head.station,
                "made_at": head.made_at,
                "answers": None if head.answers is None else str(head.answers),
                "counts": counts,
                "members": members,
            },
            option=orjson.OPT_INDENT_2,
        )
        _put(archive, _MANIFEST, manifest)
        _put(archive, _SIGNATURE, orjson.dumps(_signed(manifest, seed)))
    return Head(head.id, head.kind, head.station, head.made_at, head.answers, counts)


def _signed(manifest: bytes, seed: bytes) -> dict[str, str]:
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(manifest)
    return {"key": public_key(seed).hex(), "signature": signature.hex()}


def _put(archive: zipfile.ZipFile, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    archive.writestr(zipfile.ZipInfo(name), data, how)


def _write_rows(
    archive: zipfile.ZipFile, name: str, rows: Iterable[Mapping[str, Any]]
) -> tuple[int, dict[str, Any]]:
    seen, count, size = sha256(), 0, 0
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as target:
        for row in rows:
            line = orjson.dumps(row) + b"\n"
            target.write(line)
            seen.update(line)
            size += len(line)
            count += 1
    return count, {"sha256": seen.hexdigest(), "size": size}


class Package:
    """A package whose signature and every member were found right; `key` is who signed it."""

    def __init__(self, archive: zipfile.ZipFile, head: Head, key: bytes, manifest_sha256: str) -> None:
        self.head = head
        self.key = key
        self.manifest_sha256 = manifest_sha256
        self._archive = archive
        self._names = set(archive.namelist())

    def rows(self, name: str) -> Iterator[Any]:
        """The rows of a member; none when the package has no such member."""
        if f"{name}.jsonl" not in self._names:
            return
        with self._archive.open(f"{name}.jsonl") as source:
            for line in source:
                yield json_in.loads(line)

    def file(self, sha: str) -> bytes | None:
        """The bytes of a file, None when the package does not carry it."""
        return self._archive.read(f"files/{sha}") if f"files/{sha}" in self._names else None


def opened(source: BinaryIO, believed: Callable[[str], bool]) -> Package:
    """Check a package from its archive to its last byte; `believed` says whether a fingerprint is trusted.

    No name of the archive becomes a path, nothing is unpacked to the disk. Raises Refused: bad_zip, zip_bomb,
    bad_zip_name, duplicate_member, nested_archive, bad_package, unknown_key, wrong_signature, hash_mismatch,
    member_missing, too_many.
    """
    try:
        archive = zipfile.ZipFile(source)
        listed = _guarded(archive)
        return _checked(archive, listed, believed)
    except _BROKEN as error:
        raise Refused.because("bad_zip", f"the package cannot be read: {error}") from None


def _guarded(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    listed = archive.infolist()
    if len(listed) > MAX_MEMBERS:
        raise Refused.because("zip_bomb", "too many members", limit=MAX_MEMBERS, count=len(listed))
    total = sum(member.file_size for member in listed)
    stored = sum(member.compress_size for member in listed)
    if total > MAX_TOTAL_BYTES or (total > RATIO_FROM_BYTES and total > stored * MAX_RATIO):
        raise Refused.because("zip_bomb", "unpacks to too much", limit=MAX_TOTAL_BYTES, size=total)
    found: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        name, mode = member.filename, member.external_attr >> 16
        if name in found:
            raise Refused.because("duplicate_member", "a name stands twice", name=name[:80])
        if name not in (_MANIFEST, _SIGNATURE) and not _NAME.fullmatch(name):
            raise Refused.because("bad_zip_name", "a member has a name of its own")
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            raise Refused.because("bad_zip_name", "a member is a link or a device")
        if member.flag_bits & 0x1:
            raise Refused.because("bad_zip", "the archive is encrypted")
        if name.startswith("files/") and member.file_size > MAX_FILE_BYTES:
            raise Refused.because("zip_bomb", "a file is too large", limit=MAX_FILE_BYTES)
        found[name] = member
    return found


def _checked(
    archive: zipfile.ZipFile, listed: Mapping[str, zipfile.ZipInfo], believed: Callable[[str], bool]
) -> Package:
    if _MANIFEST not in listed or _SIGNATURE not in listed:
        raise Refused.because("bad_package", "manifest or signature is missing")
    if max(listed[_MANIFEST].file_size, listed[_SIGNATURE].file_size) > _HEAD_LIMIT:
        raise Refused.because("bad_package", "the manifest is too large")
    manifest = archive.read(_MANIFEST)
    key = _signer(archive.read(_SIGNATURE), manifest, believed)
    head, members = _read_manifest(manifest)
    extra = set(listed) - set(members) - {_MANIFEST, _SIGNATURE}
    lacking = set(members) - set(listed)
    if extra or lacking:
        raise Refused.because("member_missing", "manifest and archive name different members")
    for name, (wanted, size) in members.items():
        _check_member(archive, name, wanted, size)
    return Package(archive, head, key, sha256(manifest).hexdigest())


def _signer(document: bytes, manifest: bytes, believed: Callable[[str], bool]) -> bytes:
    told = Members(json_in.loads(document))
    key_text, signature = told.text("key", limit=64), told.text("signature", limit=128)
    told.close()
    told.finish()
    key = readable_key(key_text)
    if not believed(fingerprint(key)):
        raise Refused.because("unknown_key", "nobody registered this key", fingerprint=fingerprint(key))
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(signature), manifest)
    except (InvalidSignature, ValueError):
        raise Refused.because("wrong_signature", "the signature does not fit the manifest") from None
    return key


def _read_manifest(manifest: bytes) -> tuple[Head, dict[str, tuple[str, int]]]:
    told = Members(json_in.loads(manifest))
    if told.text("format", limit=40) != FORMAT:
        raise Refused.because("bad_package", "another format or version", "/format")
    answers = told.take("answers", required=False)
    head = Head(
        id=told.uuid("id"),
        kind=told.choice("kind", KINDS, default="contents"),
        station=told.text("station", limit=40),
        made_at=told.time("made_at").isoformat(),
        answers=None if answers is None else told.uuid("answers"),
        counts={str(k): int(v) for k, v in dict(told.take("counts", required=True) or {}).items()},
    )
    members = {}
    for name, value in dict(told.take("members", required=True) or {}).items():
        one = Members(value, f"/members/{json_in.escaped(name)}", told.problems)
        members[name] = (one.sha256("sha256"), int(one.number("size", low=0, high=MAX_TOTAL_BYTES) or 0))
    told.close()
    told.finish()
    return head, members


def _check_member(archive: zipfile.ZipFile, name: str, wanted: str, size: int) -> None:
    """Read a member once: its hash, its beginning, the length of its lines."""
    seen, read, lines, open_line, longest = sha256(), 0, 0, 0, 0
    with archive.open(name) as source:
        while piece := source.read(1_000_000):
            if read == 0 and name.startswith("files/") and piece[:4] == b"PK\x03\x04":
                raise Refused.because("nested_archive", "an archive inside the archive")
            seen.update(piece)
            read += len(piece)
            if name.endswith(".jsonl"):
                # A line may begin in one piece and go on through many.
                lengths = [len(part) for part in piece.split(b"\n")]
                lengths[0] += open_line
                lines, open_line, longest = lines + len(lengths) - 1, lengths[-1], max(longest, *lengths)
    if seen.hexdigest() != wanted or read != size:
        raise Refused.because("hash_mismatch", "a member was changed", name=name)
    if name.startswith("files/") and name.removeprefix("files/") != wanted:
        raise Refused.because("hash_mismatch", "a file has another name than its hash", name=name)
    if lines > MAX_LINES or longest > MAX_LINE_BYTES:
        raise Refused.because("too_many", "too many or too long rows", name, limit=MAX_LINES)
