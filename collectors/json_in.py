"""Strict JSON: bytes to plain objects, with everything refused that later layers would choke on."""

from __future__ import annotations

import re
from typing import Any

import orjson

from collectors.records import Problem, Refused

LIMIT_BYTES = 8_000_000
MAX_PROBLEMS = 20

# NUL breaks the database's text type; the bidi embeddings, overrides and isolates let a text show
# something else than it says (Trojan source). Plain direction marks (LRM, RLM) are harmless.
BAD_TEXT = re.compile("[\x00\u202a-\u202e\u2066-\u2069]")
_SUSPECT = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\\u0000|\\u20[26]", re.IGNORECASE)


def parsed(data: bytes, *, limit: int = LIMIT_BYTES) -> Any:
    """The object that the JSON text stands for; text content is not checked, see `check_text`.

    Raises Refused: too_large, bad_utf8, bad_json (NaN, Infinity, 1e999, depth over 1024, lone
    surrogates, a byte-order mark, anything that RFC 8259 does not allow).
    """
    if len(data) > limit:
        raise Refused.because("too_large", "the document is too large", limit=limit, size=len(data))
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _refusal(data, error) from None


def check_text(value: Any, pointer: str = "") -> None:
    """Raise Refused (bad_text, one problem per place) if a string or key below `value` is unsafe."""
    problems = [
        Problem("bad_text", where, "NUL or bidirectional control character in a text")
        for where, text in _texts(value, pointer)
        if BAD_TEXT.search(text)
    ]
    if problems:
        raise Refused(*problems[:MAX_PROBLEMS])


def loads(data: bytes, *, limit: int = LIMIT_BYTES) -> Any:
    """Parse strictly and check every text: `parsed` and `check_text` in one step."""
    value = parsed(data, limit=limit)
    if _SUSPECT.search(data):
        check_text(value)
    return value


def escaped(key: str) -> str:
    """One token of a JSON pointer, escaped after RFC 6901."""
    return key.replace("~", "~0").replace("/", "~1")


def _refusal(data: bytes, error: orjson.JSONDecodeError) -> Refused:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as bad:
        return Refused.because("bad_utf8", f"not UTF-8 at byte {bad.start}", byte=bad.start)
    return Refused.because("bad_json", str(error), line=error.lineno, column=error.colno)


def _texts(value: Any, pointer: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any]] = [(pointer, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, str):
            found.append((where, item))
        elif isinstance(item, list):
            waiting.extend((f"{where}/{i}", part) for i, part in enumerate(item))
        elif isinstance(item, dict):
            # An unsafe key is reported at its parent: the key itself must not travel in a pointer.
            for key, part in item.items():
                if BAD_TEXT.search(key):
                    found.append((where, key))
                else:
                    waiting.append((f"{where}/{escaped(key)}", part))
    return found
