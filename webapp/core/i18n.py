"""Two languages, Chinese first: gettext catalogues read as they are, no build step."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES = {"zh": "中文", "en": "English"}
CATALOGUES = {"zh": Path(__file__).parents[1] / "translations/zh_CN/LC_MESSAGES/messages.po"}

_language: ContextVar[str] = ContextVar("language", default="zh")


@cache
def _catalogue(language: str) -> NullTranslations:
    path = CATALOGUES.get(language)
    if path is None:
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale="zh_CN"))
    compiled.seek(0)
    return Translations(compiled)


def _(message: str, /, **params: object) -> str:
    """Return `message` (English msgid) in the present language, with `%(name)s` filled in."""
    text = _catalogue(_language.get()).gettext(message)
    return text % params if params else text


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a message for the catalogue that is translated later."""
    return message


def language() -> str:
    """Return the present language, zh or en."""
    return _language.get()


def choose(text: Mapping[str, str]) -> str:
    """Return the present language's version of a text that is data: {"zh": ..., "en": ...}."""
    return text.get(_language.get()) or text.get("zh") or next(iter(text.values()), "")


def set_language(code: str) -> None:
    """Set the language of this request."""
    _language.set(code if code in LANGUAGES else "zh")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak another language for a while."""
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def preferred(header: str | None, default: str) -> str:
    """Return zh or en for an Accept-Language header."""
    best, weight = default, 0.0
    for part in (header or "").split(","):
        tag, _sep, rest = part.strip().partition(";")
        code = tag.strip().lower()[:2]
        try:
            q = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            q = 0.0
        if code in LANGUAGES and q > weight:
            best, weight = code, q
    return best
