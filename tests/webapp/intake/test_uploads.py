"""A file of calls: seen row by row before anything is kept, taken over exactly once."""

from __future__ import annotations

from sqlalchemy import select

from tests.webapp.intake.conftest import csv_of
from webapp.cases.models import Case

UPLOADS = "/api/v1/intake/uploads"


def test_a_call_becomes_a_case_in_its_grid(source, send, call, as_role, owner_db):
    code = source()
    row = call("B1", 报警内容="3号楼下飞线充电，回电13812345678")
    made = send(code, csv_of([row]))
    assert made.status_code == 201, made.text
    assert made.json["counts"] == {"fine": 1}
    seen = as_role("station_chief").get(f"{UPLOADS}/{made.json['id']}/rows").json["rows"]
    assert (seen[0]["class_code"], seen[0]["word"], seen[0]["grid"], seen[0]["police_grid"]) == (
        "flying_wire", "飞线", "T-B1", "T-B",
    )  # fmt: skip
    taken = as_role("station_chief").post(f"{UPLOADS}/{made.json['id']}/take")
    assert taken.status_code == 200, taken.text
    assert (taken.json["state"], taken.json["counts"]) == ("taken", {"taken": 1})
    with owner_db.transaction() as session:
        case = session.scalars(select(Case).where(Case.source_ref == row["接警单编号"])).one()
        assert case.source == f"intake:{code}"
        assert case.reporter_id is None
        assert "138****5678" in case.note
        assert "13812345678" not in case.note
