"""Zipped shapefiles: taken out behind a guard, and packed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from collectors.records import Refused

MAX_MEMBERS = 50
MAX_TOTAL_BYTES = 40_000_000
MAX_RATIO = 100
# Small archives may be well compressed: a table of blanks is no bomb below this size.
RATIO_FROM_BYTES = 4_000_000
WANTED = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def unpacked(data: bytes, layer: str = "") -> dict[str, bytes]:
    """Suffix -> bytes of the one shapefile in a zip archive; `layer` names one of several.

    No name of the archive ever becomes a path. Raises Refused: bad_zip, zip_bomb, bad_zip_name,
    no_areas, several_layers, no_such_layer, incomplete_shapefile.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _guarded(archive)
            stem = _chosen(members, layer)
            found = {}
            for suffix in WANTED:
                if (stem + suffix) in members:
                    member = members[stem + suffix]
                    with archive.open(member) as source:
                        found[suffix] = source.read(member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused.because("bad_zip", f"the archive cannot be read: {error}") from None
    lacking = [suffix for suffix in (".shp", ".shx", ".dbf") if suffix not in found]
    if lacking:
        raise Refused.because("incomplete_shapefile", f"missing: {lacking}", missing=lacking)
    return found


def document(data: bytes) -> bytes | None:
    """The KML document of a zip archive that has one and no shapefile (a KMZ), else None.

    Raises Refused as `unpacked` does: bad_zip, zip_bomb, bad_zip_name.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _guarded(archive)
            names = sorted(
                (name for name in members if name.endswith(".kml")), key=lambda n: (n != "doc.kml", n)
            )
            if not names or any(name.endswith(".shp") for name in members):
                return None
            member = members[names[0]]
            with archive.open(member) as source:
                return source.read(member.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Refused.because("bad_zip", f"the archive cannot be read: {error}") from None


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of the files (name -> bytes); the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _guarded(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Members by lower-case path, after the whole directory has passed the limits."""
    listed = archive.infolist()
    total = sum(member.file_size for member in listed)
    stored = sum(member.compress_size for member in listed)
    if len(listed) > MAX_MEMBERS:
        raise Refused.because("zip_bomb", "too many members", limit=MAX_MEMBERS, count=len(listed))
    if total > MAX_TOTAL_BYTES or (total > RATIO_FROM_BYTES and total > stored * MAX_RATIO):
        raise Refused.because("zip_bomb", "unpacks to too much", limit=MAX_TOTAL_BYTES, size=total)
    members: dict[str, zipfile.ZipInfo] = {}
    for member in listed:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise Refused.because("bad_zip_name", "a member leads out of the archive")
        if member.flag_bits & 0x1:
            raise Refused.because("bad_zip", "the archive is encrypted")
        # Finder adds shadow files that look like shapefiles.
        if not member.is_dir() and path.parts[0] != "__MACOSX" and not path.name.startswith("._"):
            members[str(path).lower()] = member
    return members


def _chosen(members: Mapping[str, zipfile.ZipInfo], layer: str) -> str:
    stems = sorted(name[: -len(".shp")] for name in members if name.endswith(".shp"))
    names = {PurePosixPath(stem).name: stem for stem in stems}
    if layer:
        if layer.lower() not in names:
            raise Refused.because("no_such_layer", "no such shapefile in the archive", layers=list(names))
        return names[layer.lower()]
    if not stems:
        raise Refused.because("no_areas", "the archive has no .shp file")
    if len(stems) > 1:
        raise Refused.because("several_layers", "several shapefiles, name one", layers=list(names))
    return stems[0]
