"""Static files and the phone page, compressed for those who take it; the files once, kept in memory."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from flask import Flask, Response, request
from werkzeug.security import safe_join

# What gains by compressing; pictures are compressed already.
KINDS = (".js", ".css", ".json", ".svg", ".html", ".webmanifest")
SMALLEST, LARGEST = 400, 2_000_000


def install(app: Flask) -> None:
    """Serve the static files of an application compressed to those who take it."""
    folder = str(app.static_folder)

    def static(filename: str) -> Response:
        path = safe_join(folder, filename)
        if path is None or not filename.endswith(KINDS) or not Path(path).is_file():
            return app.send_static_file(filename)
        return _sent(Path(path))

    app.view_functions["static"] = static
    app.after_request(_pack)


def _sent(path: Path) -> Response:
    state = path.stat()
    plain, packed, tag = _held(str(path), state.st_mtime_ns, state.st_size)
    use = packed if packed is not None and _takes_gzip() else plain
    response = Response(use, content_type=_kind(path))
    if use is packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    # Asked anew each time (304 when unchanged): after an upgrade no browser runs old modules.
    # A drawing may be an hour old.
    response.headers["Cache-Control"] = "max-age=3600" if path.suffix == ".svg" else "no-cache"
    response.set_etag(tag)
    return cast(Response, response.make_conditional(request))


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


@lru_cache(maxsize=400)
def _held(path: str, _changed: int, size: int) -> tuple[bytes, bytes | None, str]:
    """Return a file's bytes, the same compressed (None when that gains nothing), and its tag."""
    data = Path(path).read_bytes()
    packed = gzip.compress(data, 9, mtime=0) if SMALLEST < size < LARGEST else None
    return data, packed, sha256(data).hexdigest()[:32]


def _kind(path: Path) -> str:
    known = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
    kind = known.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or "json" in kind or "svg" in kind else kind


_PUBLIC = (
    "/phone/",
    "/api/v1/hazard-classes",
    "/ogc/collections/grids/",
    "/ogc/collections/police_grids/",
)


def _pack(response: Response) -> Response:
    """Compress the phone's page and public lists: no secret there that a guess could be measured against."""
    if (
        not request.path.startswith(_PUBLIC)
        or response.status_code != 200
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
        or not _takes_gzip()
    ):
        return response
    data = response.get_data()
    if len(data) > SMALLEST:
        response.set_data(gzip.compress(data, 6))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response
