"""What the worker does for residents: their contact data end in time."""

from __future__ import annotations

from webapp.core.queue import Run
from webapp.residents import actions


def forget_contacts(run: Run) -> None:
    """Delete the contact data whose time is over; asked for each night."""
    actions.forget_contacts(run.session, by=run.by)
