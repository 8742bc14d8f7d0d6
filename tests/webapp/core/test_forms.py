"""The short way through a multipart body finds what the library finds, or leaves the body to it."""

from __future__ import annotations

from io import BytesIO

from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.formparser import MultiPartParser

from webapp.core.forms import plain_form

MARK = b"----WebKitFormBoundary7MA4YWxk"
LIMITS = (20, 2_000_000)


def part(name: bytes, data: bytes, file: bytes | None = None, more: bytes = b"") -> bytes:
    named = b"" if file is None else b'; filename="' + file + b'"'
    head = b'Content-Disposition: form-data; name="' + name + b'"' + named
    return b"--" + MARK + b"\r\n" + head + more + b"\r\n\r\n" + data + b"\r\n"


def shown(found):
    fields, files = found
    return (
        list(fields.items(multi=True)),
        [
            (name, f.filename, f.name, f.content_type, f.read(), sorted(f.headers))
            for name, f in files.items(multi=True)
        ],
    )


def by_library(body: bytes):
    return shown(MultiPartParser(max_form_parts=LIMITS[0]).parse(BytesIO(body), MARK, len(body)))


def test_what_a_phone_sends_is_read_the_short_way() -> None:
    photo = bytes(range(256)) * 40
    more = b"\r\nContent-Type: image/jpeg"
    body = part(b"batch", "{注}".encode()) + part(b"ab", photo, b"p.jpg", more) + part(b"ab", b"", b"q.jpg")
    body += b"--" + MARK + b"--\r\n"
    found = plain_form(body, MARK, *LIMITS)
    assert found is not None
    assert shown(found) == by_library(body)
    again = plain_form(body, MARK, *LIMITS)
    assert again is not None
    assert again[1].getlist("ab")[0].read() == photo


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--",
        b"--" + MARK,
        b"\r\n--" + MARK,
        b"\r\n\r\n",
        b" ",
        b"x",
        b"\xff\x00",
        b'Content-Disposition: form-data; name="a"',
        b'content-disposition: form-data; name="b"; filename="c"',
        b"Content-Type: text/plain; charset=latin-1",
        b"Content-Disposition: attachment",
        b"Content-Length: 4",
        b": ",
        part(b"d", b"data"),
        part(b"e", b"da\r\nta", b"f.jpg"),
        part(b"g\xe4", b"1", b"\xff"),
    ]
)


@example([part(b"d", b"data"), b"\n", part(b"d", b"data")], b"--")  # a mark after a lone line feed
@given(st.lists(PIECES, max_size=12), st.sampled_from([b"--", b"--\r\n", b"", b"-- \r\n", b"--\n"]))
def test_any_body_gives_the_same_or_is_left_to_the_library(pieces: list[bytes], close: bytes) -> None:
    for body in (b"".join(pieces) + b"\r\n--" + MARK + close, b"".join(pieces) + b"--" + MARK + close):
        found = plain_form(body, MARK, *LIMITS)
        if found is not None:
            assert shown(found) == by_library(body)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_bytes_arrive_unchanged(contents: list[bytes]) -> None:
    body = b"".join(part(b"n", data, b"f") for data in contents) + b"--" + MARK + b"--\r\n"
    found = plain_form(body, MARK, *LIMITS)
    assert found is not None
    assert [f.read() for f in found[1].getlist("n")] == contents


def test_more_parts_or_longer_fields_than_allowed_are_left_to_the_library() -> None:
    many = part(b"n", b"1") * 21 + b"--" + MARK + b"--\r\n"
    assert plain_form(many, MARK, *LIMITS) is None
    assert plain_form(many, MARK, 21, 10) is not None
    assert plain_form(part(b"n", b"12345678901") + b"--" + MARK + b"--", MARK, 21, 10) is None
