"""A content-addressed store for attachments behind a small interface."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from uuid import uuid4


class BlobStore(Protocol):
    """Where bytes lie under the SHA-256 of their content."""

    def put(self, data: bytes) -> str:
        """Keep `data` durably; return its SHA-256 as hex."""

    def get(self, sha: str) -> bytes:
        """Return the bytes; raise KeyError when absent."""

    def has(self, sha: str) -> bool:
        """Say whether the bytes are there."""


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
