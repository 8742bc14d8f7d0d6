"""The state of a draft, and what an operation does to it: pure, on the network of gis.topology.

A draft is made of parts, each with a kind (node, line, grid, police_grid, lock), an id and a body of plain
JSON. An operation tells which parts it changed, from what to what: that is kept, and turned round it is undo.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from shapely import Polygon

from gis import topology
from gis.moves import pieces
from gis.network import Network
from gis.persistent import Persistent
from webapp.core.errors import Conflict, Problem, Refused
from webapp.drafts import rules

Key = tuple[str, str]
Body = dict[str, Any]


@dataclass(frozen=True)
class Sketch:
    """A draft after `head` operations. `revs` holds the number of the operation that meant a part last.

    Grids: code (None: new), name, kind, community_id, community, households and population (not rounded),
    police_grid. Police grids: code (None: new), name. Locks by "target:id".
    """

    head: int
    network: Network
    grids: Persistent[str, Body]
    police_grids: Persistent[str, Body]
    locks: Persistent[str, Body]
    revs: Persistent[Key, int]

    def body(self, key: Key) -> Body | None:
        """Return a part as plain JSON, None when it is not there."""
        kind, name = key
        if kind == "node":
            at = self.network.nodes.get(name)
            return None if at is None else {"at": list(at)}
        if kind == "line":
            line = self.network.lines.get(name)
            return None if line is None else topology.line_as_json(line)
        return {"grid": self.grids, "police_grid": self.police_grids, "lock": self.locks}[kind].get(name)

    def meant(self, keys: Iterable[Key]) -> Sketch:
        """Return the draft with parts noted as meant by its last operation."""
        return replace(self, revs=self.revs.changed(dict.fromkeys(keys, self.head)))

    def with_parts(
        self, parts: Mapping[Key, Body | None], head: int, *, network: Network | None = None
    ) -> Sketch:
        """Return the draft with some parts new or gone (None), as operation `head` left them."""
        of = {kind: {k[1]: body for k, body in parts.items() if k[0] == kind} for kind in KINDS}
        if network is None and (of["node"] or of["line"]):
            nodes = {k: None if b is None else (b["at"][0], b["at"][1]) for k, b in of["node"].items()}
            lines = {k: None if b is None else topology.line_from(b) for k, b in of["line"].items()}
            network = self.network.changed(nodes, lines)
        return Sketch(
            head,
            network or self.network,
            _with(self.grids, of["grid"]),
            _with(self.police_grids, of["police_grid"]),
            _with(self.locks, of["lock"]),
            self.revs,
        )


KINDS = ("node", "line", "grid", "police_grid", "lock")


def _with(entries: Persistent[str, Body], changes: Mapping[str, Body | None]) -> Persistent[str, Body]:
    kept = {key: value for key, value in changes.items() if value is not None}
    return entries.changed(kept, [key for key, value in changes.items() if value is None])


@dataclass(frozen=True)
class Step:
    """What an operation did: the draft after it, each part before and after, and the grids with a new shape.

    `claimed` are the parts that it meant: two planners collide where both meant the same one.
    """

    sketch: Sketch
    before: dict[Key, Body | None]
    after: dict[Key, Body | None]
    claimed: frozenset[Key]
    reshaped: frozenset[str]

    def inverse(self) -> list[list[Any]]:
        """Return what is kept of it: [kind, id, before, after] for each part."""
        return [[*key, self.before[key], self.after[key]] for key in sorted(self.after)]


def packed(network: Network, grids: Mapping[str, Body], police_grids: Mapping[str, Body]) -> bytes:
    """Return a start of drafts as compressed JSON."""
    nodes = {key: list(at) for key, at in network.nodes.items()}
    lines = {key: topology.line_as_json(line) for key, line in network.lines.items()}
    whole = {"nodes": nodes, "lines": lines, "grids": dict(grids), "police_grids": dict(police_grids)}
    return zlib.compress(orjson.dumps(whole), 1)


def unpacked(body: bytes) -> Sketch:
    """Return the draft that begins with what `packed` wrote, before any operation."""
    whole = orjson.loads(zlib.decompress(body))
    nodes = {key: (at[0], at[1]) for key, at in whole["nodes"].items()}
    lines = {
        key: topology.Line(
            line["start"], line["end"], tuple((x, y) for x, y in line["via"]), line["left"], line["right"]
        )
        for key, line in whole["lines"].items()
    }
    network = Network(nodes, lines)
    return Sketch(
        0, network, Persistent(whole["grids"]), Persistent(whole["police_grids"]), Persistent(), Persistent()
    )


DRAWN = (
    "move_vertex",
    "move_node",
    "insert_vertex",
    "remove_vertex",
    "reshape",
    "split",
    "merge",
    "transfer",
)


def done(sketch: Sketch, told: Mapping[str, Any], by: str | None) -> Step:
    """Return the draft after one operation, numbered `head + 1`.

    Raises TopologyError for borders, Refused for what is named wrongly, Conflict 'draft_locked'.
    """
    kind = told.get("kind")
    if kind in _DOERS:
        return _stepped(sketch, _DOERS[kind](sketch, told, by))
    if kind not in DRAWN:
        raise Refused(problems=[Problem("/kind", "answer_choice", {"choices": [*DRAWN, *_DOERS]})])
    return _drawn(sketch, topology.operation_from(told), told)


def _stepped(sketch: Sketch, after: dict[Key, Body | None]) -> Step:
    """Return the step of an operation that changes no border."""
    before = {key: sketch.body(key) for key in after}
    made = sketch.with_parts(after, sketch.head + 1).meant(after)
    step = Step(made, before, after, frozenset(after), frozenset())
    _require_unlocked(sketch, step)
    return step


def _drawn(sketch: Sketch, operation: topology.Operation, told: Mapping[str, Any]) -> Step:
    """Return the step of an operation on borders; households follow the ground by share of area."""
    applied = topology.apply(sketch.network, operation)
    fresh = replace(sketch, network=applied.network)
    borders = [("node", key) for key in applied.nodes] + [("line", key) for key in applied.lines]
    after: dict[Key, Body | None] = {key: fresh.body(key) for key in borders}
    after = {key: body for key, body in after.items() if body != sketch.body(key)}
    claimed = set(after)
    grids, reshaped = _grids_after(sketch, applied.network, applied.areas, operation, told)
    claimed |= {("grid", key) for key, body in grids.items() if body is None or key not in sketch.grids}
    after |= {("grid", key): body for key, body in grids.items()}
    before = {key: sketch.body(key) for key in after}
    made = sketch.with_parts(after, sketch.head + 1, network=applied.network).meant(claimed)
    step = Step(made, before, after, frozenset(claimed), reshaped)
    _require_unlocked(sketch, step)
    return step


def _grids_after(
    sketch: Sketch,
    network: Network,
    areas: frozenset[str],
    operation: topology.Operation,
    told: Mapping[str, Any],
) -> tuple[dict[str, Body | None], frozenset[str]]:
    """Return the grids that an operation on borders made, changed or ended, and those with another shape."""
    old = shapes(sketch.network, [key for key in areas if key in sketch.grids])
    new = shapes(network, [key for key in areas if key in network.index.of])
    changed = {key for key in areas if key not in old or key not in new or not old[key].equals(new[key])}
    found = pieces(
        [(key, shape) for key, shape in old.items() if key in changed],
        [(key, shape) for key, shape in new.items() if key in changed],
    )
    whole: dict[str, float] = {}
    for piece in found:
        if piece.before and piece.after:
            whole[piece.before] = whole.get(piece.before, 0.0) + piece.area_m2
    bodies: dict[str, Body | None] = {key: None for key in old if key not in new}
    for key in sorted(changed & new.keys()):
        counts = {"households": 0.0, "population": 0.0}
        for piece in found:
            if piece.after == key and piece.before:
                share = piece.area_m2 / whole[piece.before]
                for name in counts:
                    counts[name] += sketch.grids[piece.before][name] * share
        like = sketch.grids[key] if key in sketch.grids else _new_grid(sketch, operation, told)
        bodies[key] = {**like, **{name: round(value, 6) for name, value in counts.items()}}
    return bodies, frozenset(changed)


def _new_grid(sketch: Sketch, operation: topology.Operation, told: Mapping[str, Any]) -> Body:
    """Return the body of a grid that a split makes: as the one that it comes out of, with no code yet."""
    if not isinstance(operation, topology.Split) or not _is_uuid(operation.new_area):
        raise Refused(problems=[Problem("/new_area", "bad_uuid")])
    like = sketch.grids[operation.area]
    name = str(told.get("name") or "")[:80] or f"{like['name']}*"
    return {**like, "code": None, "name": name}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def shapes(network: Network, only: list[str]) -> dict[str, Polygon]:
    """Return some grids as polygons in degrees (WGS 84)."""
    return topology.polygons(network, only) if only else {}


def _require_unlocked(sketch: Sketch, step: Step) -> None:
    """Raise Conflict 'draft_locked' where a step changes a line, grid or police grid that is locked.

    The grids of a locked police grid are locked too.
    """
    if not sketch.locks:
        return
    names = {f"{kind}:{key}" for kind, key in step.after if kind != "lock"}
    for (kind, _key), body in (*step.before.items(), *step.after.items()):
        if kind == "grid" and body:
            names.add(f"police_grid:{body['police_grid']}")
    for name in sorted(names & sketch.locks.keys()):
        target, _colon, part = name.partition(":")
        raise Conflict("draft_locked", target=target, part=part)


def _grid(sketch: Sketch, told: Mapping[str, Any], field: str = "grid") -> str:
    return _known(told.get(field), sketch.grids, field, "unknown_grid")


def _beat(sketch: Sketch, told: Mapping[str, Any]) -> str:
    return _known(told.get("police_grid"), sketch.police_grids, "police_grid", "unknown_police_grid")


def _known(key: Any, entries: Mapping[str, Body], field: str, code: str) -> str:
    if not isinstance(key, str) or key not in entries:
        raise Refused(problems=[Problem(f"/{field}", code, {"id": str(key)})])
    return key


def _bind(sketch: Sketch, told: Mapping[str, Any], _by: str | None) -> dict[Key, Body | None]:
    beat = _beat(sketch, told)
    keys = told.get("grids")
    if not isinstance(keys, list) or not keys:
        raise Refused(problems=[Problem("/grids", "field_required")])
    known = [_known(key, sketch.grids, "grids", "unknown_grid") for key in keys]
    return {("grid", key): {**sketch.grids[key], "police_grid": beat} for key in known}


def _rename(sketch: Sketch, told: Mapping[str, Any], _by: str | None) -> dict[Key, Body | None]:
    name = _name(told)
    if "police_grid" in told:
        beat = _beat(sketch, told)
        return {("police_grid", beat): {**sketch.police_grids[beat], "name": name}}
    key = _grid(sketch, told)
    return {("grid", key): {**sketch.grids[key], "name": name}}


def _name(told: Mapping[str, Any]) -> str:
    name = told.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > 80 or not name.isprintable():
        raise Refused(problems=[Problem("/name", "field_required")])
    return name.strip()


def _set_households(sketch: Sketch, told: Mapping[str, Any], _by: str | None) -> dict[Key, Body | None]:
    key = _grid(sketch, told)
    body = dict(sketch.grids[key])
    for field in ("households", "population"):
        value = told.get(field, body[field])
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1_000_000:
            raise Refused(problems=[Problem(f"/{field}", "number_range", {"low": 0, "high": 1_000_000})])
        body[field] = float(value)
    return {("grid", key): body}


def _new_police_grid(sketch: Sketch, told: Mapping[str, Any], _by: str | None) -> dict[Key, Body | None]:
    key = told.get("police_grid")
    if not isinstance(key, str) or not _is_uuid(key):
        raise Refused(problems=[Problem("/police_grid", "bad_uuid")])
    if key in sketch.police_grids:
        raise Refused(problems=[Problem("/police_grid", "police_grid_taken", {"id": str(key)})])
    return {("police_grid", key): {"code": None, "name": _name(told)}}


def _lock(sketch: Sketch, told: Mapping[str, Any], by: str | None) -> dict[Key, Body | None]:
    return {("lock", _lockable(sketch, told)): {"by": by}}


def _unlock(sketch: Sketch, told: Mapping[str, Any], _by: str | None) -> dict[Key, Body | None]:
    return {("lock", _lockable(sketch, told)): None}


def _lockable(sketch: Sketch, told: Mapping[str, Any]) -> str:
    target, part = told.get("target"), told.get("part")
    if target not in rules.TARGETS or not isinstance(part, str):
        raise Refused(problems=[Problem("/target", "answer_choice", {"choices": rules.TARGETS})])
    if sketch.body((str(target), part)) is None and f"{target}:{part}" not in sketch.locks:
        raise Refused(problems=[Problem("/part", f"unknown_{target}", {"id": part})])
    return f"{target}:{part}"


_Doer = Callable[[Sketch, Mapping[str, Any], str | None], dict[Key, Body | None]]
_DOERS: dict[str, _Doer] = {
    rules.BIND: _bind,
    rules.RENAME: _rename,
    rules.SET_HOUSEHOLDS: _set_households,
    rules.NEW_POLICE_GRID: _new_police_grid,
    rules.LOCK: _lock,
    rules.UNLOCK: _unlock,
}


def turned_back(sketch: Sketch, inverse: list[list[Any]]) -> tuple[Step | None, list[Key]]:
    """Return the step that undoes an operation, given what was kept of it; or the parts that are in its way.

    A border that is no more as the operation left it was changed by somebody else: it is in the way. Of a
    grid whose households have changed since, only the difference is taken back. Raises TopologyError when
    the border as it was would cross what is there now.
    """
    back: dict[Key, Body | None] = {}
    in_the_way: list[Key] = []
    for kind, part, old, new in inverse:
        key = (kind, part)
        now = sketch.body(key)
        if now == new:
            back[key] = old
        elif kind == "grid" and now and old and new:
            back[key] = _taken_back(now, old, new)
        else:
            in_the_way.append(key)
    if in_the_way:
        return None, in_the_way
    network, areas = _restored(sketch, back)
    reshaped = {key for key in areas if key in network.index.of} | {k[1] for k in back if k[0] == "grid"}
    before = {key: sketch.body(key) for key in back}
    made = sketch.with_parts(back, sketch.head + 1, network=network).meant(back)
    step = Step(made, before, back, frozenset(back), frozenset(reshaped))
    _require_unlocked(sketch, step)
    return step, []


def _taken_back(now: Body, old: Body, new: Body) -> Body:
    """Return a grid with what an operation changed taken back, and what others changed since kept."""
    body = dict(now)
    for field, value in old.items():
        if field in ("households", "population"):
            body[field] = round(max(now[field] + value - new[field], 0.0), 6)
        elif now[field] == new[field]:
            body[field] = value
    return body


def _restored(sketch: Sketch, back: Mapping[Key, Body | None]) -> tuple[Network, frozenset[str]]:
    nodes = {k[1]: body for k, body in back.items() if k[0] == "node"}
    lines = {k[1]: body for k, body in back.items() if k[0] == "line"}
    if not nodes and not lines:
        return sketch.network, frozenset()
    restore = topology.Restore(
        {key: (body["at"][0], body["at"][1]) for key, body in nodes.items() if body},
        {key: topology.line_from(body) for key, body in lines.items() if body},
        tuple(key for key, body in nodes.items() if body is None),
        tuple(key for key, body in lines.items() if body is None),
    )
    applied = topology.apply(sketch.network, restore)
    return applied.network, applied.areas
