"""What a phone sends: a valid report with a real photo, in each form that a door takes."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import uuid4

from PIL import Image

ANSWERS = {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}


@cache
def photo(shade: int = 0) -> bytes:
    """Return a JPEG of 320 by 240; another shade is another file."""
    picture = Image.linear_gradient("L").resize((320, 240)).convert("RGB")
    picture.paste((shade % 256, 90, (shade // 256) % 256), (40, 40, 120, 120))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


@dataclass(frozen=True)
class Sample:
    """A report and its photos (bytes by SHA-256)."""

    report: dict[str, Any]
    photos: Mapping[str, bytes]

    @property
    def id(self) -> str:
        """The id that the phone gave."""
        return str(self.report["id"])

    def json(self) -> dict[str, Any]:
        """Return the body for POST /api/v1/cases (its photos are sent apart)."""
        return {key: value for key, value in self.report.items() if key != "files"}

    def batch(self) -> dict[str, Any]:
        """Return the document of a batch with this one report."""
        return batch_of(self)

    def form(self) -> dict[str, Any]:
        """Return the multipart form for POST /api/v1/batches with Flask's test client."""
        return form_of(self)


def batch_of(*samples: Sample) -> dict[str, Any]:
    """Return a batch document of several reports."""
    return {
        "batch_id": str(uuid4()),
        "sent_at": datetime.now(UTC).isoformat(),
        "client": {"name": "test", "version": "1"},
        "reports": [sample.report for sample in samples],
    }


def form_of(*samples: Sample) -> dict[str, Any]:
    """Return the multipart form of a batch of several reports, with all their photos."""
    document = json.dumps(batch_of(*samples), ensure_ascii=False).encode()
    form: dict[str, Any] = {"batch": (io.BytesIO(document), "batch.json", "application/json")}
    for sample in samples:
        for sha, data in sample.photos.items():
            form[sha] = (io.BytesIO(data), "photo.jpg", "image/jpeg")
    return form


def report_at(lon: float, lat: float, *, photos: tuple[bytes, ...] = (), **changes: Any) -> Sample:
    """Return a valid flying-wire report at a place (WGS 84); `changes` replace its members."""
    files = {sha256(data).hexdigest(): data for data in photos or (photo(),)}
    report = {
        "id": str(uuid4()),
        "class_code": "flying_wire",
        "class_version": None,
        "answers": dict(ANSWERS),
        "place": {"lon": lon, "lat": lat, "crs": "wgs84", "accuracy_m": 8.0, "method": "gps", "address": ""},
        "found_at": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
        "note": "三单元二楼",
        "files": [
            {"sha256": sha, "name": f"{sha[:8]}.jpg", "media_type": "image/jpeg", "kind": "photo"}
            for sha in files
        ],
    }
    for key, value in changes.items():
        if key == "place":
            report["place"] = {**report["place"], **value}  # type: ignore[dict-item]
        else:
            report[key] = value
    if report["class_version"] is None:
        del report["class_version"]
    return Sample(report, files)
