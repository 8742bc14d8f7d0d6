"""Rules of the doors for devices: the seal of a phone's file, the limits of uploads."""

from __future__ import annotations

import hmac
from hashlib import sha256
from uuid import UUID

# Where the phone's map looks when a station has no ground yet: west, south, east, north.
CHINA = (73.5, 18.0, 135.1, 53.6)
# A photo of a phone as it comes; the photo rules themselves are in collectors.photos.
UPLOAD_LIMIT = 8_000_000
PIECE_LIMIT = 4_000_000


def seal_key(key: bytes, person_id: UUID) -> str:
    """Return the key by which a person's phone seals a file of waiting reports; told to that person only."""
    return hmac.new(key, f"handin|{person_id}".encode(), sha256).hexdigest()


def seal_of(seal: str, data: bytes) -> str:
    """Return the seal over some bytes: HMAC-SHA256 (RFC 2104) with the hex key's text, as hex."""
    return hmac.new(seal.encode(), data, sha256).hexdigest()
