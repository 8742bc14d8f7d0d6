"""XForms of our hazard classes: typed questions in two languages as the form that ODK Collect shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collectors.xml_in import element, escaped

PHOTOS = 3
MAX_PIXELS = 1600
# Metres: a fix below the first is taken at once, one above the second is shown with a warning.
CAPTURE_M = 10
WARNING_M = 50
TEXT_LIMIT = 500
NOTE_LIMIT = 2000
ADDRESS_LIMIT = 200
GRIDS_FILE = "grids.csv"
LANGUAGES = {"zh": "中文 (zh)", "en": "English (en)"}

_NAMESPACES = {
    "xmlns": "http://www.w3.org/2002/xforms",
    "xmlns__h": "http://www.w3.org/1999/xhtml",
    "xmlns__ev": "http://www.w3.org/2001/xml-events",
    "xmlns__jr": "http://openrosa.org/javarosa",
    "xmlns__orx": "http://openrosa.org/xforms",
    "xmlns__odk": "http://www.opendatakit.org/xforms",
    "xmlns__xsd": "http://www.w3.org/2001/XMLSchema",
}
_TYPES = {"number": "decimal", "date": "date", "choice": "string", "yesno": "string", "text": "string"}
_WORDS: dict[str, tuple[str, str]] = {
    "place": ("位置（等待精度到10米以内）", "Place (wait for 10 m or better)"),
    "grid": ("没有定位？请选择网格", "No position? Choose the grid"),
    "address": ("地址或门牌", "Address or door plate"),
    "found_at": ("发现时间", "Found at"),
    "future": ("时间在将来，请检查手机时间", "This time lies in the future; check the phone's clock"),
    "more_photos": ("再加一张照片", "One more photo"),
    "photo": ("照片", "Photo"),
    "note": ("补充说明", "Note"),
    "yes": ("是", "Yes"),
    "no": ("否", "No"),
    "range": ("请填写{low}到{high}之间的数", "A number from {low} to {high} is needed"),
    "long": ("文字太长", "This text is too long"),
    "which": ("选择一件", "Choose one"),
    "state": ("办理情况：", "What became of it: "),
    "asked": ("要看什么：", "What to look at: "),
    "result": ("结果", "Result"),
    "fine": ("仍然完好", "Still fine"),
    "failed": ("又出问题了", "Not fine any more"),
}


@dataclass(frozen=True, slots=True)
class FormClass:
    """What a form is made of; `questions` are declarations as webapp.cases.rules.Question reads them."""

    form_id: str
    version: str
    title: Mapping[str, str]
    hint: Mapping[str, str]
    questions: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class _Form:
    """A form while it is put together: model and body side by side."""

    texts: dict[str, tuple[str, str]] = field(default_factory=dict)
    binds: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)

    def said(self, key: str, both: tuple[str, str], shown: str = "") -> str:
        """Keep a text in both languages, `shown` (XML) behind it; return the XPath that fetches it."""
        self.texts[key] = (escaped(both[0]) + shown, escaped(both[1]) + shown)
        return f"jr:itext('{key}')"

    def label(self, key: str, both: tuple[str, str], hint: Mapping[str, str] | None = None) -> str:
        """Return the label of a question, with a hint below it if there is one."""
        said = element("label", ref=self.said(f"{key}:label", both))
        if hint and any(hint.values()):
            said += element("hint", ref=self.said(f"{key}:hint", _both(hint)))
        return said

    def bind(self, path: str, **attributes: object) -> None:
        """Add what holds for one node."""
        self.binds.append(element("bind", "", nodeset=path, **attributes))


def hazard_form(asked: FormClass) -> bytes:
    """Return the XForm of a hazard class: its questions, the place (or a grid), photos, time and a note.

    The answers lie in a group of their own, so that no question's name can meet one of ours. A place is
    asked by GPS with thresholds; without a fix a grid is chosen from the list `grids.csv`.
    """
    form = _Form()
    _ask_place(form, asked.hint)
    for question in asked.questions:
        if question["kind"] != "photo":
            _ask(form, question)
    slots = _ask_photos(form, [q for q in asked.questions if q["kind"] == "photo"])
    _ask_text(form, "address", ADDRESS_LIMIT)
    _ask_time(form)
    _ask_text(form, "note", NOTE_LIMIT, appearance="multiline")
    own = {q["name"]: "" for q in asked.questions if q["kind"] != "photo"}
    nodes = (
        _nodes(("deviceid", "start", "place", "grid", "grid_point"))
        + element("answers", _nodes(own))
        + element("photos", _nodes(slots))
        + _nodes(("address", "found_at", "note"))
    )
    name = f"concat({_literal(asked.title.get('zh', asked.form_id))}, ' ', substr(/data/found_at, 0, 16))"
    form.bind("/data/grid_point", type="string", calculate=f"{_list('grids')}[name=/data/grid]/point")
    return _written(form, asked, nodes, name, {"grids": GRIDS_FILE})


def follow_up_form(asked: FormClass, file: str) -> bytes:
    """Return the form that shows a person's own cases (an entity list) and takes photos and a word to one."""
    form = _Form()
    stem = file.removesuffix(".csv")
    form.bind("/data/case", type="string", required="true()")
    itemset = element("value", ref="name") + element("label", ref="label")
    listed = form.label("/data/case", _WORDS["which"], asked.hint)
    listed += element("itemset", itemset, nodeset=_list(stem))
    form.body.append(element("select1", listed, ref="/data/case"))
    form.bind("/data/told", type="string", calculate=f"{_list(stem)}[name=/data/case]/told")
    form.bind("/data/state", type="string", readonly="true()", relevant="/data/case != ''")
    words = form.said("/data/state:label", _WORDS["state"], element("output", value="/data/told"))
    form.body.append(element("input", element("label", ref=words), ref="/data/state"))
    slots = _ask_photos(form, [])
    _ask_text(form, "note", NOTE_LIMIT, appearance="multiline")
    nodes = _nodes(("deviceid", "start", "case", "told", "state"))
    nodes += element("photos", _nodes(slots)) + _nodes(("found_at", "note"))
    form.bind("/data/found_at", type="dateTime")
    name = f"{_list(stem)}[name=/data/case]/label"
    return _written(form, asked, nodes, name, {stem: file})


def look_back_form(asked: FormClass, file: str) -> bytes:
    """Return the form of a look-back: one of an entity list, fine or not, where, a photo, a word if not."""
    form = _Form()
    stem = file.removesuffix(".csv")
    form.bind("/data/task", type="string", required="true()")
    itemset = element("value", ref="name") + element("label", ref="label")
    listed = form.label("/data/task", _WORDS["which"], asked.hint)
    listed += element("itemset", itemset, nodeset=_list(stem))
    form.body.append(element("select1", listed, ref="/data/task"))
    form.bind("/data/told", type="string", calculate=f"{_list(stem)}[name=/data/task]/told")
    form.bind("/data/state", type="string", readonly="true()", relevant="/data/task != ''")
    words = form.said("/data/state:label", _WORDS["asked"], element("output", value="/data/told"))
    form.body.append(element("input", element("label", ref=words), ref="/data/state"))
    form.bind("/data/result", type="string", required="true()")
    results = "".join(
        element("item", form.label(f"/data/result/{value}", _WORDS[word]) + element("value", value))
        for value, word in (("done", "fine"), ("failed", "failed"))
    )
    chosen = form.label("/data/result", _WORDS["result"]) + results
    form.body.append(element("select1", chosen, ref="/data/result"))
    form.bind("/data/place", type="geopoint")
    place = form.label("/data/place", _WORDS["place"])
    form.body.append(element("input", place, ref="/data/place", accuracyThreshold=CAPTURE_M))
    slots = _ask_photos(form, [])
    _ask_text(form, "note", NOTE_LIMIT, "multiline", "/data/result = 'failed'")
    nodes = _nodes(("deviceid", "start", "task", "told", "state", "result", "place"))
    nodes += element("photos", _nodes(slots)) + _nodes(("found_at", "note"))
    form.bind("/data/found_at", type="dateTime")
    return _written(form, asked, nodes, f"{_list(stem)}[name=/data/task]/label", {stem: file})


def _ask_place(form: _Form, hint: Mapping[str, str]) -> None:
    form.bind("/data/place", type="geopoint")
    form.body.append(
        element(
            "input",
            form.label("/data/place", _WORDS["place"], hint),
            ref="/data/place",
            accuracyThreshold=CAPTURE_M,
            unacceptableAccuracyThreshold=WARNING_M,
        )
    )
    form.bind("/data/grid", type="string", required="true()", relevant="/data/place = ''")
    itemset = element("value", ref="name") + element("label", ref="label")
    listed = form.label("/data/grid", _WORDS["grid"])
    listed += element("itemset", itemset, nodeset=_list("grids"))
    form.body.append(element("select1", listed, ref="/data/grid", appearance="autocomplete"))


def _ask(form: _Form, question: Mapping[str, Any]) -> None:
    """Add one typed question."""
    path, kind = f"/data/answers/{question['name']}", question["kind"]
    rule, broken = _constraint(question)
    form.bind(
        path,
        type=_TYPES[kind],
        required="true()" if question.get("required") else None,
        relevant=_relevant(question.get("relevant")),
        constraint=rule,
        jr__constraintMsg=form.said(f"{path}:constraint", broken) if broken else None,
    )
    shown = form.label(f"{path}", _both(question["title"]))
    if kind not in ("choice", "yesno"):
        form.body.append(element("input", shown, ref=path))
        return
    form.body.append(element("select1", shown + _items(form, path, question), ref=path))


def _items(form: _Form, path: str, question: Mapping[str, Any]) -> str:
    choices = [(c["value"], _both(c["title"])) for c in question.get("choices", [])]
    if question["kind"] == "yesno":
        choices = [("yes", _WORDS["yes"]), ("no", _WORDS["no"])]
    return "".join(
        element("item", form.label(f"{path}/{n}", both) + element("value", escaped(value)))
        for n, (value, both) in enumerate(choices)
    )


def _constraint(question: Mapping[str, Any]) -> tuple[str | None, tuple[str, str] | None]:
    """Return the condition on an answer and the words for a broken one."""
    if question["kind"] == "number":
        low, high = question.get("low", 0), question.get("high", 1_000_000)
        zh, en = _WORDS["range"]
        said = zh.format(low=low, high=high), en.format(low=low, high=high)
        return f". >= {low} and . <= {high}", said
    if question["kind"] == "text":
        return f"string-length(.) <= {TEXT_LIMIT}", _WORDS["long"]
    return None, None


def _relevant(relevant: Mapping[str, Any] | None) -> str | None:
    """Return the condition under which a question is asked."""
    if not relevant:
        return None
    path = f"/data/answers/{relevant['question']}"
    return " or ".join(f"{path} = {_value(value)}" for value in relevant["in"])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "'yes'" if value else "'no'"
    return str(value) if isinstance(value, int | float) else _literal(str(value))


def _literal(text: str) -> str:
    """Return a text as XPath 1.0 says it: there is no escape, so quotes are joined by concat."""
    if "'" not in text:
        return f"'{text}'"
    return "concat(" + ', "\'", '.join(f"'{part}'" for part in text.split("'")) + ")"


def _ask_photos(form: _Form, questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Add the photo questions; at least three places, each shown when the one before it is filled."""
    slots = []
    for n in range(1, max(PHOTOS, len(questions)) + 1):
        question = questions[n - 1] if n <= len(questions) else {}
        path = f"/data/photos/photo_{n}"
        relevant = _relevant(question.get("relevant"))
        if not question and n > 1:
            relevant = f"/data/photos/photo_{n - 1} != ''"
        form.bind(
            path,
            type="binary",
            required="true()" if question.get("required") else None,
            relevant=relevant,
            orx__max_pixels=MAX_PIXELS,
        )
        title = _both(question["title"]) if question else _WORDS["more_photos" if n > 1 else "photo"]
        shown = form.label(f"{path}", title)
        form.body.append(element("upload", shown, ref=path, mediatype="image/*"))
        slots.append(f"photo_{n}")
    return slots


def _ask_time(form: _Form) -> None:
    late = "decimal-date-time(.) <= decimal-date-time(now()) + 0.006"
    form.bind(
        "/data/found_at",
        type="dateTime",
        required="true()",
        constraint=late,
        jr__constraintMsg=form.said("/data/found_at:constraint", _WORDS["future"]),
    )
    form.body.append(element("input", form.label("/data/found_at", _WORDS["found_at"]), ref="/data/found_at"))


def _ask_text(
    form: _Form, name: str, limit: int, appearance: str | None = None, required: str | None = None
) -> None:
    form.bind(
        f"/data/{name}",
        type="string",
        required=required,
        constraint=f"string-length(.) <= {limit}",
        jr__constraintMsg=form.said(f"/data/{name}:constraint", _WORDS["long"]),
    )
    shown = form.label(f"/data/{name}", _WORDS[name])
    form.body.append(element("input", shown, ref=f"/data/{name}", appearance=appearance))


def _both(text: Mapping[str, str]) -> tuple[str, str]:
    """Return (Chinese, English); one stands in for the other where it is missing."""
    zh, en = text.get("zh", ""), text.get("en", "")
    return zh or en, en or zh


def _list(name: str) -> str:
    return f"instance('{name}')/root/item"


def _nodes(names: Any) -> str:
    return "".join(element(name) for name in names)


def _written(form: _Form, asked: FormClass, nodes: str, name: str, lists: Mapping[str, str]) -> bytes:
    """Put the document together; the same class gives the same bytes, so its hash means something."""
    meta = element("meta", element("instanceID") + element("instanceName"))
    data = element("data", nodes + meta, id=asked.form_id, version=asked.version)
    instances = element("instance", data)
    instances += "".join(
        element("instance", id=key, src=f"jr://file-csv/{file}") for key, file in lists.items()
    )
    form.bind("/data/deviceid", type="string", jr__preload="property", jr__preloadParams="deviceid")
    form.bind("/data/start", type="dateTime", jr__preload="timestamp", jr__preloadParams="start")
    form.bind("/data/meta/instanceID", type="string", readonly="true()", jr__preload="uid")
    form.bind("/data/meta/instanceName", type="string", calculate=name)
    first = element("setvalue", event="odk-instance-first-load", ref="/data/found_at", value="now()")
    model = element(
        "model", _itext(form) + instances + "".join(form.binds) + first, odk__xforms_version="1.0.0"
    )
    zh, en = _both(asked.title)
    title = zh if zh == en else f"{zh} · {en}"
    head = element("h:head", element("h:title", escaped(title)) + model)
    page = element("h:html", head + element("h:body", "".join(form.body)), **_NAMESPACES)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + page + "\n").encode()


def _itext(form: _Form) -> str:
    translations = ""
    for n, language in enumerate(LANGUAGES.values()):
        texts = "".join(
            element("text", element("value", both[n]), id=key) for key, both in form.texts.items()
        )
        translations += element("translation", texts, lang=language, default="true()" if n == 0 else None)
    return element("itext", translations)
