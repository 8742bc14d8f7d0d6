"""The doors of OpenRosa 1.0 for phones: the list of forms, the forms, their files and lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from collectors import openrosa, xforms
from collectors.openrosa_submission import Part
from webapp.cases.models import Case
from webapp.cases.rules import REPORTERS, STATE_TITLES, State
from webapp.core import clock, digest_auth, i18n
from webapp.core.actor import Actor
from webapp.core.errors import AppError, BadRequest, NotFound
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.security import new_secret
from webapp.core.web import door, identity, site
from webapp.field import queries, submissions
from webapp.field.rules import FOLLOW_UPS, LISTS, LOOK_BACKS, of_class
from webapp.tasks.models import Task
from webapp.tasks.queries import open_look_backs

pages = Blueprint("openrosa", __name__)
MOST_ASKED = 500
# Orders are what other systems have taken down; on a phone nobody fills one in.
NEVER_FILLED_IN = "order"


def answer(body: bytes, status: int = 200, media_type: str = openrosa.MEDIA_TYPE) -> Response:
    """Return an answer as every OpenRosa client wants it."""
    response = Response(body, status, content_type=media_type)
    response.headers["X-OpenRosa-Version"] = openrosa.VERSION
    return response


def refusal(error: AppError) -> Response:
    """Say an error in the protocol's own form; nobody is asked for Digest, over TLS for Basic too."""
    told = [message(error.code, error.params)]
    told += [message(p.code, p.params) for p in error.problems]
    response = answer(openrosa.response(" ".join(told), nature="error"), error.status)
    if error.status == 401:
        settings = site().settings
        fresh = digest_auth.nonce(
            settings.secret("csrf.key"), int(clock.now().timestamp()), new_secret()[0][:16]
        )
        stale = bool(error.params.get("stale"))
        response.headers.add("WWW-Authenticate", digest_auth.challenge(fresh, stale=stale))
        if request.is_secure or settings.secure_cookies:
            response.headers.add("WWW-Authenticate", f'Basic realm="{digest_auth.REALM}", charset="UTF-8"')
    if "retry_after" in error.params:
        response.headers["Retry-After"] = str(error.params["retry_after"])
    return response


@pages.before_request
def check_version() -> None:
    """Refuse another version of the protocol; a browser that looks at the list need not name one."""
    given = request.headers.get("X-OpenRosa-Version", "" if request.method == "POST" else openrosa.VERSION)
    if given != openrosa.VERSION:
        raise BadRequest("openrosa_version", version=given or "-")


@pages.get("/or/formList")
@pages.get("/or/<token>/formList")
@pages.get("/or/test/<token>/formList", defaults={"draft": True})
@door(scope="submit")
def form_list(session: Session, by: Actor, token: str = "", draft: bool = False) -> Response:
    """List the forms that the person's phone should have; below /or/test/ the drafts."""
    speak()
    every = request.args.get("listAllVersions", "").lower() == "true"
    classes = queries.form_classes(session, drafts=draft, every=every)
    forms = [of_class(item) for item in classes if item.kind != NEVER_FILLED_IN]
    forms += [] if draft else [form for form in FOLLOW_UPS.values() if _is_offered(session, by, form)]
    wanted = request.args.get("formID")
    return answer(openrosa.form_list(_listed(f) for f in forms if wanted in (None, "", f.form_id)))


def _is_offered(session: Session, by: Actor, form: xforms.FormClass) -> bool:
    return form is not LOOK_BACKS or bool(_entities(session, by, form.form_id))


def _listed(form: xforms.FormClass) -> openrosa.Listed:
    address = f"{prefix()}/forms/{quote(form.form_id)}"
    named = "" if form.form_id in FOLLOW_UPS else "?" + urlencode({"version": form.version})
    verbose = request.args.get("verbose", "").lower() == "true"
    return openrosa.Listed(
        form_id=form.form_id,
        version=form.version,
        name=choose(form.title),
        hash=openrosa.digest(_xform(form)),
        download_url=f"{address}.xml{named}",
        manifest_url=f"{address}/manifest",
        description=choose(form.hint) if verbose else "",
    )


def _xform(form: xforms.FormClass) -> bytes:
    if form is LOOK_BACKS:
        return xforms.look_back_form(form, f"{form.form_id}.csv")
    if form.form_id in FOLLOW_UPS:
        return xforms.follow_up_form(form, f"{form.form_id}.csv")
    return xforms.hazard_form(form)


def prefix() -> str:
    """Return the absolute address below which the present phone finds everything, its token included."""
    base = site().settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    given = request.view_args or {}
    test = "/test" if given.get("draft") else ""
    token = f"/{quote(given['token'])}" if given.get("token") else ""
    return f"{base}/or{test}{token}"


def speak() -> None:
    """Speak the account's language when the app states no wish."""
    who = identity()
    if who is not None and not request.headers.get("Accept-Language") and "lang" not in request.args:
        i18n.set_language(who.language)


@pages.get("/or/forms/<form_id>.xml")
@pages.get("/or/<token>/forms/<form_id>.xml")
@pages.get("/or/test/<token>/forms/<form_id>.xml", defaults={"draft": True})
@door(scope="submit")
def form(form_id: str, session: Session, by: Actor, token: str = "", draft: bool = False) -> Response:
    """One form as XForm."""
    known = FOLLOW_UPS.get(form_id)
    if known is None:
        version = request.args.get("version")
        known = of_class(queries.form_class(session, form_id, version, drafts=draft))
    return answer(_xform(known))


@pages.get("/or/forms/<form_id>/manifest")
@pages.get("/or/<token>/forms/<form_id>/manifest")
@pages.get("/or/test/<token>/forms/<form_id>/manifest", defaults={"draft": True})
@door(scope="submit")
def manifest(form_id: str, session: Session, by: Actor, token: str = "", draft: bool = False) -> Response:
    """Name the files that a form needs: the grids, or the person's own cases as an entity list."""
    speak()
    file = f"{form_id}.csv" if form_id in FOLLOW_UPS else xforms.GRIDS_FILE
    return answer(openrosa.manifest([_media(session, by, file)]))


def _media(session: Session, by: Actor, file: str) -> openrosa.MediaFile:
    listed = LISTS.get(file, "")
    return openrosa.MediaFile(
        filename=file,
        hash=openrosa.digest(_table(session, by, file)),
        download_url=f"{prefix()}/media/{file}",
        kind="entityList" if listed else "",
        integrity_url=f"{prefix()}/integrity/{listed}" if listed else "",
    )


@pages.get("/or/media/<file>")
@pages.get("/or/<token>/media/<file>")
@pages.get("/or/test/<token>/media/<file>", defaults={"draft": True})
@door(scope="submit")
def media(file: str, session: Session, by: Actor, token: str = "", draft: bool = False) -> Response:
    """A file of a form."""
    speak()
    return answer(_table(session, by, file), media_type="text/csv; charset=utf-8")


def _table(session: Session, by: Actor, file: str) -> bytes:
    """Return the CSV of a form's file; raise NotFound for any other name."""
    if file == xforms.GRIDS_FILE:
        rows = [
            {"name": code, "label": name, "point": f"{lat:.6f} {lon:.6f} 0 {radius:.0f}"}
            for code, name, lon, lat, radius in queries.grid_points(session, by, clock.now())
        ]
        return openrosa.table(("name", "label", "point"), rows)
    if file not in LISTS:
        raise NotFound()
    headings: tuple[str, ...] = ("name", "label", "__version", "told")
    if LISTS[file] != LOOK_BACKS.form_id:
        headings += ("number", "state", "class", "grid", "police_grid")
    return openrosa.table(headings, _entities(session, by, LISTS[file]))


def _entities(session: Session, by: Actor, listed: str) -> list[dict[str, Any]]:
    """Return the rows of a list: the person's own cases, or the look-backs that wait for him."""
    if listed == LOOK_BACKS.form_id:
        return [_look_back(task) for task in open_look_backs(session)]
    return [_entity(case) for case in queries.followed(session, by, listed)]


def _look_back(task: Task) -> dict[str, Any]:
    until = f"{clock.shown(task.due_until)}"
    words = choose(task.words)
    label = f"{task.grid.name} · {until}"
    return {"name": task.id, "label": label, "__version": 1, "told": f"{words} {until}"}


def _entity(case: Case) -> dict[str, Any]:
    state, kind = _(STATE_TITLES[State(case.state)]), choose(case.hazard_class.title)
    told = [
        state,
        _("Grid: %(grid)s, police grid: %(police)s", grid=case.grid.name, police=case.police_grid.name),
    ]
    told += [_("Answer: %(text)s", text=case.closing_note)] if case.closing_note else []
    return {
        "name": case.id,
        "label": f"{case.number} {kind} · {state}",
        "__version": case.revision,
        "told": " · ".join(told),
        "number": case.number,
        "state": case.state,
        "class": case.class_code,
        "grid": case.grid.name,
        "police_grid": case.police_grid.name,
    }


@pages.get("/or/integrity/<listed>")
@pages.get("/or/<token>/integrity/<listed>")
@door(scope="submit")
def integrity(listed: str, session: Session, by: Actor, token: str = "") -> Response:
    """Say which of the asked entities are no longer in the person's list."""
    if listed not in FOLLOW_UPS:
        raise NotFound()
    present = {str(row["name"]) for row in _entities(session, by, listed)}
    return answer(openrosa.integrity({name: name not in present for name in _asked()}))


def _asked() -> Iterable[str]:
    return [name for name in request.args.get("id", "").split(",") if name][:MOST_ASKED]


@pages.route("/or/submission", methods=["HEAD"], provide_automatic_options=False)
@pages.route("/or/<token>/submission", methods=["HEAD"], provide_automatic_options=False)
@pages.route("/or/test/<token>/submission", methods=["HEAD"], provide_automatic_options=False)
@door(scope="submit")
def size(session: Session, by: Actor, token: str = "") -> Response:
    """Tell how large a submission may be; clients split what is larger."""
    response = answer(b"", 204)
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(site().settings.max_body)
    return response


@pages.post("/or/submission")
@pages.post("/or/<token>/submission")
@door(*REPORTERS, scope="submit")
def submit(session: Session, by: Actor, token: str = "") -> Response:
    """Take a filled form with its photos, in one request or in several."""
    speak()
    told = submissions.take(session, site().blobs, _sent(), by=by)
    nature = "" if told.status < 300 else "error"
    return answer(openrosa.response(told.text, nature=nature), told.status)


@pages.post("/or/test/<token>/submission")
@door(scope="submit")
def try_draft(session: Session, by: Actor, token: str) -> Response:
    """Say what would become of a filled draft."""
    speak()
    told = submissions.tried(session, _sent(), by=by)
    nature = "" if told.status < 300 else "error"
    return answer(openrosa.response(told.text, nature=nature), told.status)


def _sent() -> submissions.Sent:
    """Return what the request carries; raise BadRequest without the part of the XML."""
    parts: list[Part] = []
    xml: bytes | None = None
    for name, file in request.files.items(multi=True):
        data = file.read()
        if name == openrosa.XML_PART and xml is None:
            xml = data
        else:
            parts.append(Part(name, file.filename or "", data))
    for name, text in request.form.items(multi=True):
        if name == openrosa.XML_PART and xml is None:
            xml = text.encode()
        elif "." in name:  # a file without a file's name
            parts.append(Part(name, "", text.encode()))
    if xml is None:
        raise BadRequest("no_xml_part")
    incomplete = request.form.get(openrosa.INCOMPLETE, "").lower() in ("yes", "true")
    return submissions.Sent(xml, parts, incomplete, request.headers.get("User-Agent", "")[:100])
