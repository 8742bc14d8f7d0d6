"""What the worker does for cases: small pictures of their photos."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from collectors import photos
from collectors.records import Refused
from webapp.cases.models import Attachment
from webapp.core.files import BlobStore
from webapp.core.queue import Run


def make_thumbnails(run: Run) -> None:
    """Make the small picture of each photo of a case that has none; mark those that can't be drawn."""
    blobs: BlobStore = run.resources["blobs"]
    wanted = (
        (Attachment.case_id == UUID(run.args["subject"]))
        & Attachment.thumbnail_sha256.is_(None)
        & ~Attachment.damaged
    )
    for item in run.session.scalars(select(Attachment).where(wanted)):
        try:
            change: dict[str, object] = {
                "thumbnail_sha256": blobs.put(photos.thumbnail(blobs.get(item.sha256)))
            }
        except Refused:
            change = {"damaged": True}
        run.session.execute(update(Attachment).where(Attachment.id == item.id).values(**change))
