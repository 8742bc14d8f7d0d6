"""Reports as a phone sends them ahead of their photos, and files of waiting reports as it saves them."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from typing import Any
from uuid import uuid4

from PIL import Image

from tests.samples import Sample, batch_of
from webapp.field.rules import seal_key, seal_of


def preview(shade: int = 0) -> bytes:
    """Return a JPEG of 80 by 60."""
    out = io.BytesIO()
    Image.new("RGB", (80, 60), (shade % 256, 30, 60)).save(out, "JPEG", quality=60)
    return out.getvalue()


def ahead(sample: Sample, taken: dict[str, Any] | None = None) -> tuple[Sample, dict[str, bytes]]:
    """Return a report that announces previews of its photos, and these previews by checksum."""
    small: dict[str, bytes] = {}
    for number, file in enumerate(sample.report["files"]):
        data = preview(number)
        file["preview"] = sha256(data).hexdigest()
        file["size"] = len(sample.photos[file["sha256"]])
        if taken:
            file["taken"] = taken
        small[file["preview"]] = data
    return sample, small


def form_ahead(
    sample: Sample, small: dict[str, bytes], batch: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the multipart form with the previews only."""
    document = json.dumps(batch or batch_of(sample)).encode()
    form: dict[str, Any] = {"batch": (io.BytesIO(document), "batch.json", "application/json")}
    for sha, data in small.items():
        form[sha] = (io.BytesIO(data), "preview.jpg", "image/jpeg")
    return form


def handin_of(
    author: object, *samples: Sample, key: bytes | None = None, members: dict[str, bytes] | None = None
) -> bytes:
    """Return a file of waiting reports of an author, sealed when the station's key is given."""
    document = {
        "format": "shuangge-handin",
        "version": 1,
        "author": str(author),
        "batch": {**batch_of(*samples), "batch_id": str(uuid4())},
    }
    sealed = json.dumps(document).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("handin.json", sealed)
        if key is not None:
            archive.writestr("seal.txt", seal_of(seal_key(key, author), sealed))  # type: ignore[arg-type]
        for sample in samples:
            for sha, data in sample.photos.items():
                archive.writestr(f"files/{sha}.jpg", data)
        for name, data in (members or {}).items():
            archive.writestr(name, data)
    return out.getvalue()
