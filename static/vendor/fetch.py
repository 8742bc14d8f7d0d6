"""Remake the folder of pinned browser libraries from manifest.json, or check that it is unchanged.

    python static/vendor/fetch.py --check    compare every file with manifest.json; needs no network
    python static/vendor/fetch.py            fetch the packages with npm, check them, write the files
    python static/vendor/fetch.py --record   the same after a version was raised by hand: writes new hashes

The packages come through the npm client with whatever registry that client is set up for. A package whose
sha512 differs from the manifest is refused, and so is a single file whose sha256 differs.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANIFEST = HERE / "manifest.json"
OWN_FILES = {"fetch.py", "manifest.json"}


class VendorError(Exception):
    """A package or file is not what the manifest says."""


def read_manifest() -> dict[str, Any]:
    """Return the manifest: {"libraries": [...]}, see static/README.md for its fields."""
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return manifest


def pack(name: str, version: str, folder: Path) -> Path:
    """Let npm fetch one package into the folder and return the path of its tarball."""
    command = ["npm", "pack", f"{name}@{version}", "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise VendorError(f"npm could not fetch {name}@{version}: {done.stderr.strip()}")
    return folder / done.stdout.strip().splitlines()[-1]


def integrity_of(tarball: Path) -> str:
    """Return the tarball's hash as npm writes it: sha512-<base64>."""
    return "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()


def fetch_package(package: dict[str, Any], folder: Path, record: bool) -> Path:
    """Fetch one package and hold its tarball against the manifest (or write its hash there)."""
    print(f"  fetching {package['name']}@{package['version']}", flush=True)
    tarball = pack(package["name"], package["version"], folder)
    found = integrity_of(tarball)
    if record:
        package["integrity"] = found
    elif found != package["integrity"]:
        raise VendorError(f"{package['name']}@{package['version']}: {found}, not {package['integrity']}")
    return tarball


def read_member(tarball: Path, member: str) -> bytes:
    """Return the content of one file of an npm tarball; its single top folder is left out of the name."""
    with tarfile.open(tarball) as archive:
        for entry in archive:
            if entry.name.partition("/")[2] == member:
                stream = archive.extractfile(entry)
                if stream is not None:
                    return stream.read()
    raise VendorError(f"{tarball.name} holds no file {member}")


def folder_of(library: dict[str, Any]) -> Path:
    """Return where a library's files live: <last part of its name>-<version>."""
    return HERE / f"{library['name'].rpartition('/')[2]}-{library['version']}"


def remake_library(library: dict[str, Any], packed: Path, record: bool) -> None:
    """Write every file of one library from its package, or from a package that its build contains."""
    tarballs = {
        package["name"]: fetch_package(package, packed, record)
        for package in [library, *library.get("bundles", [])]
    }
    for file in library["files"]:
        target = folder_of(library) / file["path"]
        if "from" not in file:  # kept by hand: the package ships without this text
            data = target.read_bytes()
        else:
            data = read_member(tarballs[file.get("package", library["name"])], file["from"])
        found = hashlib.sha256(data).hexdigest()
        if record:
            file["sha256"] = found
        elif found != file["sha256"]:
            raise VendorError(f"{target.relative_to(HERE)}: sha256 {found}, not {file['sha256']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def remake(record: bool) -> None:
    """Fetch all packages and write all files; with record, write the hashes found to the manifest."""
    manifest = read_manifest()
    for library in manifest["libraries"]:
        print(f"{library['name']} {library['version']}", flush=True)
        with tempfile.TemporaryDirectory() as packed:
            remake_library(library, Path(packed), record)
    if record:
        MANIFEST.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def find_faults() -> list[str]:
    """Return one line for each file that is missing, changed, or in no list of the manifest."""
    faults = []
    listed = set()
    for library in read_manifest()["libraries"]:
        for file in library["files"]:
            path = folder_of(library) / file["path"]
            listed.add(path)
            if not path.is_file():
                faults.append(f"missing: {path.relative_to(HERE)}")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
                faults.append(f"changed: {path.relative_to(HERE)}")
    for path in sorted(HERE.rglob("*")):
        if path.is_file() and path not in listed and path.name not in OWN_FILES and path.suffix != ".pyc":
            faults.append(f"in no list: {path.relative_to(HERE)}")
    return faults


def main() -> int:
    """Run the command line; 0 when all is as the manifest says, 1 otherwise."""
    parser = argparse.ArgumentParser(description="Remake or check the pinned browser libraries.")
    parser.add_argument("--check", action="store_true", help="only compare the files with manifest.json")
    parser.add_argument("--record", action="store_true", help="fetch, then write new hashes to manifest.json")
    options = parser.parse_args()
    try:
        if not options.check:
            remake(options.record)
        faults = find_faults()
    except VendorError as error:
        faults = [str(error)]
    print("\n".join(faults) if faults else "vendor: every file is as manifest.json says")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
