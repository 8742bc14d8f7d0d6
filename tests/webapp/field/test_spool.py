"""The spool on its own: what others do to it meanwhile."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from webapp.core.files import Part, Spool


def test_tidying_goes_on_over_a_file_that_another_process_has_just_removed(tmp_path: Path) -> None:
    gone = tmp_path / str(uuid4())
    gone.mkdir()
    (gone / f"{'a' * 64}.3").symlink_to(tmp_path / "removed")  # listed, and not there when it is looked at
    assert Spool(tmp_path).append(uuid4(), "b" * 64, Part(0, 2), b"xy", 10.0) == 2
