"""A content-addressed store for attachments, and the spool of what is still arriving."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID, uuid4

from webapp.core.errors import BadRequest, Conflict, TooLarge, Unavailable


class BlobStore(Protocol):
    """Where bytes lie under the SHA-256 of their content."""

    def put(self, data: bytes) -> str:
        """Keep `data` durably; return its SHA-256 as hex."""

    def get(self, sha: str) -> bytes:
        """Return the bytes; raise KeyError when absent."""

    def has(self, sha: str) -> bool:
        """Say whether the bytes are there."""

    def adopt(self, path: Path) -> str:
        """Keep a copy of a file durably, never whole in memory; return the SHA-256 of its content as hex."""

    def opened(self, sha: str) -> BinaryIO:
        """Return the bytes as an open file; raise KeyError when absent."""

    def drop(self, sha: str) -> None:
        """Forget the bytes; absent ones are forgotten already."""

    def apart(self, name: str) -> BlobStore:
        """Return a store of its own for bytes that are dropped: equal ones of another use stay."""


class FolderStore:
    """Blobs as files `ab/cdef...` of one folder: written aside, synced, renamed, folder synced.

    `put` returns only when a power cut can no longer lose the bytes, so a row that names them may commit.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha: str) -> Path:
        """Return where a blob lies; only 64 hex digits are ever turned into a path."""
        if len(sha) != 64 or any(c not in "0123456789abcdef" for c in sha):
            raise KeyError(sha)
        return self.folder / sha[:2] / sha[2:]

    def put(self, data: bytes) -> str:
        sha = sha256(data).hexdigest()
        path = self.path(sha)
        if path.exists():
            return sha
        if not path.parent.exists():
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            _sync(path.parent.parent)
        aside = path.parent / f".{uuid4().hex}"
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(path)
        _sync(path.parent)
        return sha

    def adopt(self, path: Path) -> str:
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        aside, seen = self.folder / f".{uuid4().hex}", sha256()
        with path.open("rb") as source, aside.open("xb") as file:
            while piece := source.read(1_000_000):
                seen.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        target = self.path(seen.hexdigest())
        target.parent.mkdir(mode=0o750, exist_ok=True)
        aside.rename(target)
        _sync(target.parent)
        _sync(self.folder)
        return seen.hexdigest()

    def opened(self, sha: str) -> BinaryIO:
        try:
            return self.path(sha).open("rb")
        except FileNotFoundError as error:
            raise KeyError(sha) from error

    def drop(self, sha: str) -> None:
        self.path(sha).unlink(missing_ok=True)

    def apart(self, name: str) -> FolderStore:
        return FolderStore(self.folder / name)

    def get(self, sha: str) -> bytes:
        try:
            return self.path(sha).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(sha) from error

    def has(self, sha: str) -> bool:
        return self.path(sha).exists()


@dataclass(frozen=True)
class Part:
    """How much of a file has arrived, in bytes."""

    offset: int
    length: int


class Spool:
    """Files that arrive piece by piece, a folder for each owner: what was answered for survives a power cut.

    A file's name is its SHA-256 and full length; its size is what has arrived. No row of the database says
    it a second time, so the two can't differ.
    """

    MOST_FILES = 60
    MOST_BYTES = 120_000_000
    LIFE_S = 7 * 86_400

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def part(self, owner: UUID, sha: str) -> Part | None:
        """Return how far a file of an owner has come; None when nothing of it is here."""
        path = self._path(owner, sha)
        return None if path is None else Part(path.stat().st_size, _length(path))

    def append(self, owner: UUID, sha: str, part: Part, data: bytes, now_s: float) -> int:
        """Write a piece at `part.offset` of a file of `part.length` bytes; return how much is here now.

        Raises Conflict 'upload_offset' with the true offset, BadRequest 'upload_length' when the piece leads
        beyond the end or the length is another one than before, TooLarge 'upload_quota', and Unavailable when
        the disk is full: what was here stays.
        """
        path = self._path(owner, sha) or self._begun(owner, sha, part.length, now_s)
        if _length(path) != part.length or part.offset + len(data) > part.length:
            raise BadRequest("upload_length", length=_length(path))
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            here = os.fstat(file.fileno()).st_size
            if here != part.offset:
                raise Conflict("upload_offset", upload_offset=here)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError as error:
                os.ftruncate(file.fileno(), here)
                raise Unavailable(retry_after=60) from error
            return here + len(data)

    def whole(self, owner: UUID, sha: str) -> bytes | None:
        """Return a file that has arrived in full and is what its name says; None otherwise."""
        path = self._path(owner, sha)
        if path is None or path.stat().st_size != _length(path):
            return None
        data = path.read_bytes()
        return data if sha256(data).hexdigest() == sha else None

    def remove(self, owner: UUID, sha: str) -> None:
        """Forget a file."""
        path = self._path(owner, sha)
        if path is not None:
            path.unlink(missing_ok=True)

    def _path(self, owner: UUID, sha: str) -> Path | None:
        if len(sha) != 64 or any(c not in "0123456789abcdef" for c in sha):
            return None
        return next((self.folder / str(owner)).glob(f"{sha}.*"), None)

    def _begun(self, owner: UUID, sha: str, length: int, now_s: float) -> Path:
        self._tidy(now_s)
        home = self.folder / str(owner)
        files = list(home.glob("*"))
        if len(files) >= self.MOST_FILES or sum(map(_length, files)) + length > self.MOST_BYTES:
            raise TooLarge("upload_quota", files=self.MOST_FILES, megabytes=self.MOST_BYTES // 1_000_000)
        home.mkdir(mode=0o750, parents=True, exist_ok=True)
        path = home / f"{sha}.{length}"
        path.touch(mode=0o640)
        _sync(home)
        return path

    def _tidy(self, now_s: float) -> None:
        """Remove what nobody has gone on with: the phone still has it and begins anew."""
        for path in self.folder.glob("*/*"):
            with suppress(FileNotFoundError):  # another one finished or tidied it meanwhile
                if path.stat().st_mtime < now_s - self.LIFE_S:
                    path.unlink()


def _length(path: Path) -> int:
    return int(path.suffix[1:])


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
