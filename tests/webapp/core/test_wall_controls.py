"""With a wall taken down the attacks work: the tests of the walls can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

import pytest

from collectors import pwa
from tests.samples import Sample
from tests.stations import Station
from tests.suite import Suite
from tests.webapp.core.attack_lists import READS, WRITES
from tests.webapp.core.attacks import Victims, fingerprint, outcome, web_connection
from webapp.cases import actions as cases
from webapp.core.db import WEB, Database
from webapp.core.files import FolderStore

# Protection taken away, and the attack that works then: shows that the tests above can fail.
SABOTAGE = {
    "row security off": (
        "ALTER TABLE app.case_file DISABLE ROW LEVEL SECURITY",
        "t.officer.b",
        READS["all cases"],
    ),
    "policy without grids": (
        "ALTER POLICY case_read ON app.case_file USING (station_id = (SELECT app.my_station()))",
        "t.grid_worker.b",
        READS["all cases"],
    ),
    "policy dropped for attachments": (
        "ALTER POLICY attachment_read ON app.attachment USING (true)",
        "t.volunteer",
        READS["attachments"],
    ),
    "identity not checked": (
        "CREATE OR REPLACE FUNCTION app.context() RETURNS text[] LANGUAGE sql AS "
        "$$ SELECT string_to_array(nullif(current_setting('app.ctx', true), ''), '|') $$",
        "t.volunteer",
        "SELECT set_config('app.ctx', '|{station}|machine|9999999999|', true); SELECT * FROM app.case_file",
    ),
    "auth opened": (
        "GRANT USAGE ON SCHEMA auth TO shuangge_web; GRANT SELECT ON auth.account TO shuangge_web",
        "t.planner",
        READS["passwords"],
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_control_without_the_wall_the_attack_works(
    suite: Suite, station: Station, sample_report: Callable[..., Sample], name: str
) -> None:
    wall, who, attack = SABOTAGE[name]
    with suite.database(f"scratch_{uuid4().hex[:8]}") as settings:
        sent = sample_report("A1", note="秘密甲")
        web = Database(settings, WEB, pool_size=1)
        with web.transaction(station.actor("t.volunteer.2")) as session:
            report = pwa.decode(json.dumps(sent.batch()).encode(), sent.photos).reports[0]
            cases.report(session, FolderStore(settings.blobs_dir), report, by=station.actor("t.volunteer.2"))
        web.dispose()
        secrets = (sent.id, *sent.photos, "$argon2id$")
        victims = Victims({"station": str(station.id)}, secrets)
        for broken in (False, True):
            if broken:
                with closing(suite.superuser(settings.database)) as connection:
                    connection.cursor().execute(wall)
            with closing(web_connection(settings, station.actor(who))) as connection:
                told, _code, _rows = outcome(connection, victims.told(attack))
            assert bool(victims.leaked(told)) is broken


@pytest.mark.parametrize(
    ("wall", "who", "attack"),
    [
        (
            "CREATE POLICY planners ON app.posting USING (station_id = (SELECT app.my_station()))",
            "t.planner",
            "posting for oneself",
        ),
        ("GRANT INSERT ON app.event TO shuangge_web", "t.volunteer", "event of yesterday"),
        ("GRANT USAGE ON SCHEMA auth TO shuangge_web; GRANT UPDATE ON auth.account TO shuangge_web",
         "t.volunteer", "own role"),
        ("ALTER TABLE app.contact DISABLE ROW LEVEL SECURITY; GRANT UPDATE ON app.contact TO shuangge_web",
         "t.officer.b", "contact of another"),
    ],
)  # fmt: skip
def test_control_without_the_wall_the_write_works(
    suite: Suite, station: Station, wall: str, who: str, attack: str
) -> None:
    names = {
        "fresh": str(uuid4()),
        "station": str(station.id),
        "planner": str(station.members["t.planner"].person_id),
        "person": str(station.members["t.volunteer.2"].person_id),
        "police_grid": str(station.police_grids["A"]),
        "case": str(uuid4()),
    }
    with (
        suite.database(f"scratch_{uuid4().hex[:8]}") as settings,
        closing(suite.superuser(settings.database)) as connection,
        connection.cursor() as cursor,
    ):
        for broken in (False, True):
            if broken:
                cursor.execute(wall)
            before = fingerprint(cursor)
            with closing(web_connection(settings, station.actor(who))) as thief:
                outcome(thief, Victims(names, ()).told(WRITES[attack]))
            assert (fingerprint(cursor) != before) is broken
