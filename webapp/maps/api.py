"""Doors for programs: features of a layer, search, and live news."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import orjson
from flask import Response, request, stream_with_context
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest, Forbidden, NotAuthenticated, NotFound, Unavailable
from webapp.core.live import HubFull
from webapp.core.web import ApiBlueprint, Site, bounding_box, door, identity, site
from webapp.maps import layers, queries
from webapp.maps.schemas import EventsOut, EventsQuery, FoundOut, ItemsQuery, SearchQuery

blp = ApiBlueprint("maps", __name__, description="Features, search, live news")
PING_S = 15
STREAM_S = 600


@blp.route("/ogc/collections/<collection>/items")
@door()
@blp.arguments(ItemsQuery, location="query")
@blp.response(200, content_type="application/geo+json")
def items(query: dict[str, Any], collection: str, session: Session, by: Actor) -> Response:
    """Features of a collection inside a box, as GeoJSON."""
    layer = _layer(collection, by)
    filters = {str(name): str(query[name]) for name in ("kind", "state", "class_code") if name in query}
    if set(filters) - set(layer.filters):
        raise BadRequest()
    box = bounding_box(query["bbox"]) if "bbox" in query else None
    asked = layers.Asked(by, box, query.get("datetime") or clock.now(), filters)
    data = queries.features(session, layer.rows(asked), query["limit"])
    return Response(data, content_type="application/geo+json")


def _layer(collection: str, by: Actor) -> layers.Layer:
    layer = layers.BY_ID.get(collection)
    if layer is None:
        raise NotFound()
    if layer.roles and by.role not in layer.roles:
        raise Forbidden()
    return layer


@blp.route("/api/v1/search")
@door()
@blp.arguments(SearchQuery, location="query")
@blp.response(200, FoundOut(many=True))
def search(query: dict[str, str], session: Session, by: Actor) -> list[dict[str, Any]]:
    """Cases by number, grids by name or code, places by name."""
    return queries.search(session, query["q"])


@blp.route("/api/v1/events")
@blp.arguments(EventsQuery, location="query")
@blp.response(200, EventsOut)
def events(query: dict[str, int]) -> Response | dict[str, Any]:
    """Live news: a stream of server-sent events, or a list for a browser that polls."""
    who = identity()
    if who is None:
        raise NotAuthenticated()
    if who.scope != "all":
        raise Forbidden()
    if request.accept_mimetypes.best == "text/event-stream":
        return _stream(site(), who.actor, _last_seen(query["after"]))
    with site().database.transaction(who.actor) as session:
        found = queries.news_after(session, query["after"])
        return {"events": found, "last": max((e["id"] for e in found), default=queries.latest(session))}


def _last_seen(after: int) -> int:
    """Return where the browser was: its Last-Event-ID after a broken line, else the query."""
    header = request.headers.get("Last-Event-ID", "")
    return int(header) if header.isdigit() and len(header) < 19 else after


def _stream(the_site: Site, by: Actor, last: int) -> Response:
    try:
        opened = the_site.hub.stream()
        queue = opened.__enter__()
    except HubFull as error:
        raise Unavailable(retry_after=PING_S) from error
    body = stream_with_context(_told(the_site, by, queue, last))
    response = Response(body, content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: opened.__exit__(None, None, None))
    return response


def _told(the_site: Site, by: Actor, queue: SimpleQueue[int], last: int) -> Iterator[bytes]:
    """Tell what happens: first what was missed, then what comes; no connection is held in between.

    Ends after ten minutes or with the session; the browser comes back by itself and says where it was.
    """
    yield b"retry: 2000\n\n"
    end = clock.now().timestamp() + STREAM_S
    yield from _missed(the_site, by, last)
    while clock.now().timestamp() < end:
        ids = _waiting(queue)
        if not ids:
            if not _still_known(the_site):
                return
            yield b": here\n\n"
        elif 0 in ids:
            # The line to the database was lost and is back: what was missed meanwhile is unknown.
            return
        else:
            with the_site.database.transaction(by) as session:
                found = queries.news(session, ids)
            yield from map(_encoded, found)


def _still_known(the_site: Site) -> bool:
    """Say whether the stream's session or token still stands; a closed token raises."""
    try:
        return the_site.identify(the_site.login, the_site.settings) is not None
    except NotAuthenticated:
        return False


def _missed(the_site: Site, by: Actor, last: int) -> Iterator[bytes]:
    with the_site.database.transaction(by) as session:
        found = queries.news_after(session, last)
        newest = queries.latest(session)
    yield from map(_encoded, found)
    if not found:
        yield f"id: {newest}\nevent: ready\ndata: {{}}\n\n".encode()


def _waiting(queue: SimpleQueue[int]) -> list[int]:
    """Return the ids that wait, after at most one ping's time."""
    ids: list[int] = []
    try:
        ids.append(queue.get(timeout=PING_S))
        while len(ids) < 100:
            ids.append(queue.get_nowait())
    except Empty:
        pass
    return ids


def _encoded(event: dict[str, Any]) -> bytes:
    data = orjson.dumps(event, default=str).decode()
    return f"id: {event['id']}\nevent: {event['name']}\ndata: {data}\n\n".encode()
