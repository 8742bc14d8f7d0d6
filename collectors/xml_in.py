"""XML from outside: UTF-8 only, no document type, no entities, bounded in size, depth and elements."""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from collectors.json_in import check_text
from collectors.records import Refused

LIMIT_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_ELEMENTS = 5_000

_DECLARED = re.compile(rb"""\A<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_MARK = b"\xef\xbb\xbf"
# What XML 1.0 has no way to say: control characters, lone surrogates, two code points at the end.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


class _Bounded(TreeBuilder):
    """Builds the tree and stops at a document that is too deep or has too many elements."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.depth = 0
        self.elements = 0
        self.most = most

    def start(self, tag: Any, attrs: Any, /) -> Element:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH or self.elements > self.most:
            raise Refused.because("xml_too_large", "too deep, or too many elements", limit=self.most)
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def parsed(data: bytes, *, limit: int = LIMIT_BYTES, elements: int = MAX_ELEMENTS) -> Element:
    """Return the root element.

    Raises Refused: too_large, bad_utf8 (also for a document that declares another encoding), xml_entities
    (a document type or an entity), xml_too_large, bad_xml, bad_text (bidirectional controls).
    """
    if len(data) > limit:
        raise Refused.because("too_large", "the document is too large", limit=limit, size=len(data))
    data = data.removeprefix(_MARK)
    _require_utf8(data)
    parser = DefusedXMLParser(target=_Bounded(elements), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise Refused.because("xml_entities", f"refused: {type(error).__name__}") from None
    except ParseError as error:
        line, column = error.position
        raise Refused.because("bad_xml", str(error), line=line, column=column) from None
    check_text([text for item in root.iter() for text in (item.text, *item.attrib.values()) if text])
    return root


def _require_utf8(data: bytes) -> None:
    declared = _DECLARED.match(data)
    if declared and declared.group(1).lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise Refused.because("bad_utf8", f"declared as {declared.group(1).decode()}", byte=0)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused.because("bad_utf8", f"not UTF-8 at byte {error.start}", byte=error.start) from None


def local(item: Element) -> str:
    """Return an element's name without its namespace."""
    return str(item.tag).rpartition("}")[2]


def escaped(text: object) -> str:
    """Return a text for the inside of an element or of an attribute in double quotes."""
    said = _UNSAYABLE.sub("", str(text))
    return "".join(_ESCAPES.get(char, char) for char in said)


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return an element as text; `content` is XML already, attribute values are plain texts.

    In names of attributes `__` stands for a colon and `_` for a hyphen.
    """
    said = "".join(
        f' {key.replace("__", ":").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"
