"""The API does what its own document says: nothing answers 5xx, every answer has the documented form."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as rules
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = 20
ROLES = ("volunteer", "officer", "station_chief", "audit_admin")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@pytest.fixture(scope="module")
def document(app):
    answer = app.test_client().get("/api/openapi.json")
    assert answer.status_code == 200
    return answer.json


def test_the_document_is_openapi_3_1_and_names_how_to_sign_in(document):
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "shuangge"
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session"}
    refused = document["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert list(refused) == ["application/problem+json"]


def test_every_program_address_is_documented(app, document):
    documented = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    def as_path(rule):
        return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)

    served = {
        (method, as_path(rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/api/v1/", "/ogc/"))
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(m, p) for m, p in documented if m not in ("PARAMETERS",)} == served


def test_every_operation_says_what_it_does(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert operation.get("summary"), f"{method} {path}"


@pytest.fixture(scope="module")
def schema(app):
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


@pytest.fixture(scope="module")
def known(as_role, send_report, sample_report, station):
    """Names of things that are there, so that not every made-up request ends at "not found"."""
    sample = send_report("t.volunteer", "A1")
    chief = as_role("station_chief")
    accepted = send_report("t.volunteer", "A2").id
    assert chief.post(f"/api/v1/cases/{accepted}/accept", json={}).status_code == 200
    kept = sample_report("A1", class_code="ufo")
    as_role("volunteer").post("/api/v1/batches", data=kept.form())
    case = chief.get(f"/api/v1/cases/{sample.id}").json
    return {
        "case_id": sample.id,
        "attachment_id": case["attachments"][0]["id"],
        "plan_id": str(station.plan_id),
        "entry_id": chief.get("/api/v1/quarantine").json[0]["id"],
        "collection": "cases",
    }


def exercise(operation, token, tried, known):
    """Send an operation made-up requests that fit the document, and check every answer against it.

    Every second request names things that are there.
    """

    @seed(20260504)
    @rules(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def run(case):
        tried[operation.label] = tried.get(operation.label, 0) + 1
        if tried[operation.label] % 2:
            case.path_parameters = {
                name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        # The checker reads bodies as they come: it does not undo their compression.
        plain = {"Authorization": token, "Accept": "*/*", "Accept-Encoding": "identity"}
        case.headers = {**dict(case.headers or {}), **plain}
        case.validate_response(case.call(), checks=list(CHECKS))

    run()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
def test_no_operation_breaks_its_promise(schema, as_role, role, document, known):
    token = as_role(role).environ_base["HTTP_AUTHORIZATION"]
    tried = {}
    for result in schema.get_all_operations():
        exercise(result.ok(), token, tried, known)
    assert len(tried) >= len([1 for item in document["paths"].values() for m in item if m != "parameters"])
    print(f"\n{role}: {sum(tried.values())} requests to {len(tried)} operations")


def test_the_documentation_page_is_served_by_us_alone(app):
    page = app.test_client().get("/api/docs")
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        parts = urlsplit(address)
        if not parts.path:
            continue
        assert not parts.netloc, address
        assert app.test_client().get(parts.path).status_code in (200, 302), address
