"""The tree of errors that actions and rules raise; one handler turns them into replies.

AppError
    Refused          422  what was sent can't be taken; `problems` name each field
    BadRequest       400  the request itself is malformed
    NotAuthenticated 401  who are you?
    Forbidden        403  you may not
    CrossSite        403  a foreign page sent this
    NotFound         404  not here, or not for you: the same answer
    Conflict         409  the thing is not in the state that you think
    TooLarge         413  the body is larger than we take
    TooMany          429  slow down; `retry_after` in seconds
    Unavailable      503  try again; `retry_after` in seconds
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field: JSON pointer, stable code, parameters of its message."""

    pointer: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


class AppError(Exception):
    """Base: `status` is the HTTP status, `code` is stable and machine-readable."""

    status = 500
    code = "internal"

    # What else the problem details hold for programs, by name.
    members: Mapping[str, Any] = {}

    def __init__(self, code: str | None = None, *, problems: Sequence[Problem] = (), **params: Any) -> None:
        super().__init__(code or self.code)
        self.code = code or self.code
        self.problems = list(problems)
        self.params = params

    def with_members(self, **members: Any) -> AppError:
        """Return the error with further members of its problem details."""
        self.members = members
        return self


class Refused(AppError):
    """What was sent can't be taken."""

    status = 422
    code = "refused"


class BadRequest(AppError):
    """The request itself is malformed."""

    status = 400
    code = "bad_request"


class NotAuthenticated(AppError):
    """No valid session or token."""

    status = 401
    code = "not_authenticated"


class Forbidden(AppError):
    """This actor may not do this."""

    status = 403
    code = "forbidden"


class CrossSite(Forbidden):
    """The request was made by a page of another site, or lacks the form token."""

    code = "cross_site"


class NotFound(AppError):
    """The thing is absent or not for this actor; both get the same answer."""

    status = 404
    code = "not_found"


class Conflict(AppError):
    """The thing is not in the state that the caller believes."""

    status = 409
    code = "conflict"


class TooLarge(AppError):
    """The body is larger than we take."""

    status = 413
    code = "too_large"


class TooMany(AppError):
    """Too many requests; `retry_after` seconds in params."""

    status = 429
    code = "too_many_requests"


class Unavailable(AppError):
    """The service can't answer just now; `retry_after` seconds in params."""

    status = 503
    code = "unavailable"
