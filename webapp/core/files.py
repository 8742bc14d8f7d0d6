"""A content-addressed store for attachments behind a small interface."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4


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

    def get(self, sha: str) -> bytes:
        try:
            return self.path(sha).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(sha) from error

    def has(self, sha: str) -> bool:
        return self.path(sha).exists()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
