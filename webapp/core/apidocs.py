"""Door for programmers: the documentation of the API, drawn from its own OpenAPI document."""

from __future__ import annotations

from flask import Blueprint, render_template

pages = Blueprint("apidocs", __name__)


@pages.get("/api/docs")
def documentation() -> str:
    """Show every address of the API with its parameters and schemas; all of it is served by us."""
    return render_template("apidocs.html")
