"""Changes about packages: believe a partner, pack, bring, take, answer; each records an event."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
from sqlalchemy import update
from sqlalchemy.orm import Session

from collectors import json_in, packages, pwa, register_columns
from collectors.packages import Head, Package
from collectors.records import Attachment as SentFile
from collectors.records import Problem as Unfit
from collectors.records import Refused as Unreadable
from collectors.records import Report, Row
from webapp.cases import actions as cases
from webapp.cases.models import Case
from webapp.cases.queries import known_report
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError, Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.exchange import actions as exchange
from webapp.field import actions as field
from webapp.parcels import queries, rules
from webapp.parcels.models import Parcel, Partner
from webapp.people.models import Person
from webapp.people.queries import station

DOOR = "package"


def add_partner(session: Session, partner_id: UUID, *, name: str, public_key: str, by: Actor) -> Partner:
    """Believe packages that a key has signed; raises Refused 'bad_key'."""
    known = session.get(Partner, partner_id)
    if known is not None:
        return known
    key = queries.ours(lambda: packages.readable_key(public_key))
    item = Partner(
        id=partner_id, station_id=by.station_id, name=name, public_key=key.hex(),
        fingerprint=packages.fingerprint(key), added_at=clock.now(),
    )  # fmt: skip
    session.add(item)
    session.flush()
    record(
        session, "parcels.partner_added", kind="partner", subject=item.id, by=by, fingerprint=item.fingerprint
    )
    return item


def revoke_partner(session: Session, item: Partner, *, by: Actor) -> Partner:
    """Believe a partner's key no longer."""
    item.revoked_at = clock.now()
    session.flush()
    record(session, "parcels.partner_revoked", kind="partner", subject=item.id, by=by)
    return item


def pack(
    session: Session,
    blobs: BlobStore,
    package_id: UUID,
    *,
    contents: Sequence[str],
    seed: bytes,
    since: datetime | None = None,
    until: datetime | None = None,
    by: Actor,
) -> Parcel:
    """Pack what was reported in a span, signed with our key; the same id again gives the same package."""
    known = queries.known_parcel(session, by, "out", package_id)
    if known is not None:
        return known
    rows = {name: queries.ROWS[name](session, by, since, until) for name in contents if name in queries.ROWS}
    files = queries.files(session, blobs, by, since, until) if "attachments" in contents else iter(())
    head = Head(package_id, "contents", station(session, by).code, clock.now().isoformat())
    sha, head = _written(blobs, head, rows, files, seed)
    item = _entered(session, "out", head, sha, by, state="packed")
    record(
        session, "parcels.packed", kind="parcel", subject=item.id, by=by, counts=dict(head.counts), sha256=sha
    )
    return item


def _written(
    blobs: BlobStore, head: Head, rows: Mapping[str, Any], files: Iterator[tuple[str, bytes]], seed: bytes
) -> tuple[str, Head]:
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        path = Path(folder) / "package.zip"
        head = packages.write(path, head, rows, files, seed)
        return blobs.adopt(path), head


def _entered(session: Session, direction: str, head: Head, sha: str, by: Actor, **more: Any) -> Parcel:
    item = Parcel(
        id=uuid4(), station_id=by.station_id, person_id=by.person_id, direction=direction,
        package_id=head.id, name=f"{head.station}-{head.kind}-{head.id}.zip", sha256=sha,
        counts=dict(head.counts), made_at=clock.now(), **more,
    )  # fmt: skip
    session.add(item)
    session.flush()
    return item


def bring(session: Session, blobs: BlobStore, path: Path, *, by: Actor) -> Parcel:
    """Take a package in hand: check archive, signature and every member; its contents are entered by `take`.

    A package that came before gives the same parcel. Raises Refused with the reason, Conflict
    'package_known' when its id stands for another package.
    """
    trusted = queries.believed(session, by)
    with path.open("rb") as source:
        found = queries.ours(lambda: packages.opened(source, trusted.__contains__))
    known = queries.known_parcel(session, by, "in", found.head.id)
    if known is not None and known.counts.get("manifest") != found.manifest_sha256:
        raise Conflict("package_known")
    if known is not None:
        return known
    partner = trusted[packages.fingerprint(found.key)]
    sha = blobs.adopt(path)
    item = _entered(session, "in", found.head, sha, by, state="waiting", partner_id=partner)
    item.counts = {**found.head.counts, "manifest": found.manifest_sha256}
    session.flush()
    record(session, "parcels.received", kind="parcel", subject=item.id, by=by, sha256=sha)
    return item


def enter_some(
    session: Session,
    blobs: BlobStore,
    item: Parcel,
    found: Package,
    rows: Sequence[tuple[int, Any]],
    *,
    by: Actor,
) -> None:
    """Enter some reports of a package, ahead of `take`, which finds them known and writes the receipt.

    Each new case holds the station's next number until the transaction ends: phones' reports wait for it.
    """
    states = [_take_report(session, blobs, found, raw, at, by)["state"] for at, raw in rows]
    counts = {state: states.count(state) for state in sorted(set(states))}
    record(session, "parcels.entered", kind="parcel", subject=item.id, by=by, counts=counts)


def take(session: Session, blobs: BlobStore, item: Parcel, *, seed: bytes, by: Actor) -> Parcel:
    """Enter what a package holds as its doors would, and write the receipt that goes back."""
    if item.state != "waiting":
        return item
    with queries.opened(session, blobs, item, by) as found:
        if found.head.kind == "receipt":
            return _settle(session, item, found, by)
        sent = enumerate(found.rows("reports"))
        receipts = [_take_report(session, blobs, found, raw, at, by) for at, raw in sent]
        receipts += _take_cases(session, item, found, by)
    home = station(session, by).code
    answer = Head(
        uuid5(item.package_id, "receipt"), "receipt", home, clock.now().isoformat(), item.package_id
    )
    item.answer_sha256, _head = _written(blobs, answer, {"receipts": receipts}, iter(()), seed)
    states = [receipt["state"] for receipt in receipts]
    counts = {state: states.count(state) for state in sorted(set(states))}
    item.state, item.settled_at, item.counts = "taken", clock.now(), {**item.counts, **counts}
    session.flush()
    record(session, "parcels.taken", kind="parcel", subject=item.id, by=by, counts=counts)
    return item


def refuse(session: Session, item: Parcel, *, code: str, by: Actor) -> Parcel:
    """Put a package aside that can't be taken, with the code of the reason."""
    item.state, item.settled_at, item.problem = "refused", clock.now(), {"code": code}
    session.flush()
    record(session, "parcels.refused", kind="parcel", subject=item.id, by=by, code=code)
    return item


def _settle(session: Session, item: Parcel, found: Package, by: Actor) -> Parcel:
    """Note what the other side says about a package of ours."""
    states = [str(receipt.get("state")) for receipt in found.rows("receipts")]
    counts = {state: states.count(state) for state in sorted(set(states))}
    item.state, item.settled_at, item.counts = "taken", clock.now(), {**item.counts, **counts}
    answered = found.head.answers and queries.known_parcel(session, by, "out", found.head.answers)
    if answered:
        answered.state, answered.settled_at = "answered", item.settled_at
        answered.counts, answered.partner_id = {**answered.counts, **counts}, item.partner_id
    session.flush()
    record(session, "parcels.answered", kind="parcel", subject=item.id, by=by, counts=counts)
    return item


def _take_report(
    session: Session, blobs: BlobStore, found: Package, raw: Any, index: int, by: Actor
) -> dict[str, Any]:
    """Take one report as the phone's door does; return its receipt; what can't be taken is kept."""
    try:
        sent = _read_report(found, raw)
    except Unreadable as error:
        problems = [Problem(p.pointer, p.code, p.params) for p in error.problems]
        return _kept(session, blobs, raw, {}, index, problems, by)
    try:
        with session.begin_nested():
            return _received(session, index, sent, _report_taken(session, blobs, sent, raw, by))
    except Refused as error:
        files = {file.sha256: file.data for file in sent.attachments if file.data is not None}
        return _kept(session, blobs, raw, files, index, error.problems or [Problem("", error.code)], by)
    except AppError as error:
        return _receipt(index, str(sent.id), "conflict", errors=[error.code])


def _read_report(found: Package, raw: Any) -> Report:
    """Read a row by the reader of the phone's batches and give it the files of the package."""
    if not isinstance(raw, dict):
        raise Unreadable.because("not_object", "a report is an object")
    json_in.check_text(raw)
    said = {key: value for key, value in raw.items() if key not in ("stored", "reporter_id", "client")}
    envelope = {"batch_id": str(found.head.id), "sent_at": found.head.made_at, "reports": [said]}
    batch = pwa.decode(orjson.dumps(envelope), {})
    if batch.refused:
        raise batch.refused[0].refused
    told = raw.get("stored")
    stored = told if isinstance(told, dict) else {}
    [sent] = batch.reports
    files = tuple(
        SentFile(a.name, a.media_type, a.sha256, a.kind, found.file(str(stored.get(a.sha256, ""))))
        for a in sent.attachments
    )
    return replace(sent, attachments=files)


def _report_taken(session: Session, blobs: BlobStore, sent: Report, raw: Mapping[str, Any], by: Actor) -> Any:
    """Enter a new report, or add what a known one lacked; return what its receipt says."""
    held = queries.held_report(session, sent.id)
    if held is None:
        reporter = _person(session, raw.get("reporter_id"))
        client = str(raw.get("client") or "")[:100]
        sender = cases.Sender(DOOR, client)
        cases.report(session, blobs, sent, by=by, reporter_id=reporter, sender=sender)
        return known_report(session, sent.id)
    place = sent.place
    said = {
        "class_code": sent.class_code, "answers": dict(sent.answers), "raw_x": place.lon, "raw_y": place.lat,
        "raw_crs": place.crs, "method": place.method, "address": place.address, "found_at": sent.found_at,
        "note": sent.note,
    }  # fmt: skip
    if not rules.same_report({name: getattr(held, name) for name in rules.SAID}, said):
        raise Conflict("already_known", held=held.content_hash.hex(), sent="?")
    here = {a.sent_sha256 for a in held.attachments}
    for file in sent.attachments:
        if file.sha256 not in here and file.data is not None:
            cases.add_file(session, blobs, held, sha=file.sha256, data=file.data, by=by)
    return known_report(session, sent.id)


def _person(session: Session, told: Any) -> UUID | None:
    """Return the reporter, when this side has the same person in its register."""
    try:
        key = UUID(str(told))
    except ValueError:
        return None
    return key if session.get(Person, key) is not None else None


def _received(session: Session, index: int, sent: Report, known: Any) -> dict[str, Any]:
    held = sorted(known.held)
    missing = [a.sha256 for a in sent.attachments if a.sha256 not in held]
    told = {"case_number": known.number, "grid": known.grid, "police_grid": known.police_grid}
    return _receipt(index, str(sent.id), "received", **told, files={"held": held, "missing": missing})


def _receipt(index: int, key: str, state: str, **more: Any) -> dict[str, Any]:
    return {"index": index, "id": key, "state": state, **more}


def _kept(
    session: Session,
    blobs: BlobStore,
    raw: Any,
    files: Mapping[str, bytes],
    index: int,
    problems: Sequence[Problem],
    by: Actor,
) -> dict[str, Any]:
    body, key = orjson.dumps(raw), str(raw.get("id", "")) if isinstance(raw, dict) else ""
    field.keep(
        session, blobs, door=DOOR, body=body, media_type="application/json", files=files, problems=problems,
        by=by,
    )  # fmt: skip
    return _receipt(index, key, "kept", errors=sorted({p.code for p in problems}))


def _take_cases(session: Session, item: Parcel, found: Package, by: Actor) -> list[dict[str, Any]]:
    """Enter cases that are new here and follow those that went further there; return their receipts."""
    raw = [row for row in found.rows("cases") if isinstance(row, dict)]
    if not raw:
        return []
    names = [c.name for c in register_columns.COLUMNS["cases"]]
    rows = [
        Row(number, {name: "" if row.get(name) is None else str(row[name]) for name in names})
        for number, row in enumerate(raw, 1)
    ]
    _new, checked = exchange.bring_cases(session, item.package_id, rows, source=found.head.station, by=by)
    receipts = [_followed(session, row, by) for row in checked.good]
    faults: dict[str, list[Unfit]] = {}
    for fault in checked.faults:
        faults.setdefault(fault.pointer.split("/")[0], []).append(fault)
    for pointer, found_faults in faults.items():
        number = int(pointer.removeprefix("row "))
        codes = sorted({fault.code for fault in found_faults})
        receipts.append(_receipt(number - 1, str(raw[number - 1].get("id", "")), "refused", errors=codes))
    return receipts


def _followed(session: Session, row: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    """Bring a case to the state that it has there, when that is the later one."""
    held = queries.held_report(session, row["id"])
    if held is None:
        return _receipt(row["row"] - 1, str(row["id"]), "conflict", errors=["conflict"])
    if row["revision"] > held.revision:
        names = ("state", "accepted_at", "closed_at", "revision")
        values = {name: row[name] for name in names} | {"closing_note": row["closing_note"] or None}
        session.execute(update(Case).where(Case.id == held.id).values(**values))
        record(
            session, "parcels.case_followed", kind="case", subject=held.id, grid=held.grid_id, by=by,
            state=row["state"],
        )  # fmt: skip
    return _receipt(row["row"] - 1, str(row["id"]), "held", case_number=held.number)
