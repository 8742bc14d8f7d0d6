"""What must be true at each start, checked and, when it is not, named with its cure."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from webapp.core.clock import now
from webapp.core.contents import revision

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

OLDEST_SERVER = 150000
OLDEST_POSTGIS = (3, 3)
FREE_FLOOR = 512 * 1024 * 1024
BACKUP_AGE = timedelta(hours=26)
SERVICE_ROLES = ("shuangge_web", "shuangge_login", "shuangge_worker")
ROLE_SETTINGS = (
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "track_activities",
)
ENSURE_CURE = "shuangge migrate (it repeats the superuser steps)"


@dataclass(frozen=True)
class Finding:
    """One check: level `stop` keeps the service from starting, `warn` is only said."""

    code: str
    ok: bool
    level: Literal["stop", "warn"]
    message: str
    cure: str


def checks(
    admin: Connection,
    *,
    home: Path,
    code_head: str | None,
    exempt_tables: Collection[str] = (),
    secret_files: Iterable[Path] = (),
) -> list[Finding]:
    """All checks, in a fixed order.

    `admin` is a superuser's connection to our database, `code_head` the newest migration of the code,
    `exempt_tables` the tables of schema app that hold no personal data and need no row-level security.
    """
    return [
        *_server(admin),
        *_roles(admin),
        *_walls(admin, exempt_tables),
        *_functions(admin),
        _migrations(admin, code_head),
        _disk(home),
        *_secrets(secret_files),
        _last_backup(home),
    ]


def _rows(admin: Connection, query: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    with admin.cursor() as cursor:
        cursor.execute(query, arguments)
        return list(cursor.fetchall())


def _server(admin: Connection) -> list[Finding]:
    """Durability and versions."""
    wanted = {
        "fsync": ("on",),
        "full_page_writes": ("on",),
        "synchronous_commit": ("on", "remote_apply"),
        "data_checksums": ("on",),
    }
    found = []
    for name, values in wanted.items():
        value = _rows(admin, "SELECT current_setting(%s)", (name,))[0][0]
        cure = (
            "pg_checksums --enable on the stopped cluster"
            if name == "data_checksums"
            else f"remove {name} from postgresql.auto.conf (ALTER SYSTEM RESET {name}) and restart"
        )
        found.append(Finding(name, value in values, "stop", f"{name} is {value}", cure))
    version = admin.server_version
    postgis = str(_rows(admin, "SELECT extversion FROM pg_extension WHERE extname = 'postgis'")[0][0])
    numbers = tuple(int(part) for part in postgis.split(".")[:2])
    upgrade = "install PostgreSQL 15 and PostGIS 3.3 or newer"
    return [
        *found,
        Finding("server_version", version >= OLDEST_SERVER, "stop", f"PostgreSQL is {version}", upgrade),
        Finding("postgis_version", numbers >= OLDEST_POSTGIS, "stop", f"PostGIS is {postgis}", upgrade),
    ]


def _roles(admin: Connection) -> list[Finding]:
    """The service's roles own nothing, make nothing and can't stall the server."""
    return [finding for role in SERVICE_ROLES for finding in _role(admin, role)]


def _role(admin: Connection, role: str) -> list[Finding]:
    rows = _rows(
        admin,
        "SELECT rolsuper OR rolbypassrls OR rolinherit OR rolcreatedb OR rolcreaterole, "
        "coalesce(rolconfig, '{}') FROM pg_roles WHERE rolname = %s",
        (role,),
    )
    if not rows:
        return [Finding(f"{role}_exists", False, "stop", f"the role {role} is missing", ENSURE_CURE)]
    powerful, config = rows[0]
    settings = dict(line.split("=", 1) for line in config)
    missing = [name for name in ROLE_SETTINGS if settings.get(name, "0") == "0"]
    watched = settings.get("track_activities") != "off"
    creates = _rows(
        admin,
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%s, oid, 'CREATE')",
        (role,),
    )
    owns = _rows(admin, "SELECT count(*) FROM pg_class WHERE relowner = %s::regrole", (role,))[0][0]
    temporary = _rows(admin, "SELECT has_database_privilege(%s, current_database(), 'TEMP')", (role,))[0][0]
    places = ", ".join(str(row[0]) for row in creates)
    facts = (
        ("attributes", not powerful, f"powerful attributes: {'yes' if powerful else 'none'}"),
        ("timeouts", not missing, f"settings that are missing: {', '.join(missing) or 'none'}"),
        ("activity", not watched, f"statements visible to other sessions: {'yes' if watched else 'no'}"),
        ("create", not creates, f"schemas that it may create in: {places or 'none'}"),
        ("owns", owns == 0, f"relations that it owns: {owns}"),
        ("temp", not temporary, f"may make temporary tables: {'yes' if temporary else 'no'}"),
    )
    return [Finding(f"{role}_{code}", ok, "stop", f"{role}, {fact}", ENSURE_CURE) for code, ok, fact in facts]


def _walls(admin: Connection, exempt: Collection[str]) -> list[Finding]:
    """Row-level security is on and binds the owner too, on every table that is not exempt by name."""
    rows = _rows(
        admin,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'app' AND c.relkind IN ('r', 'p') "
        "AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1",
    )
    bare = [str(row[0]) for row in rows if row[0] not in exempt]
    cure = "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY in a migration, with a policy"
    message = f"tables without forced row-level security: {', '.join(bare) or 'none'}"
    return [Finding("row_security", not bare, "stop", message, cure)]


def _functions(admin: Connection) -> list[Finding]:
    leakproof = _rows(
        admin,
        "SELECT proleakproof FROM pg_proc "
        "WHERE oid = 'public.geometry_overlaps(public.geometry, public.geometry)'::regprocedure",
    )[0][0]
    open_ = _rows(
        admin,
        "SELECT DISTINCT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE has_function_privilege('shuangge_web', p.oid, 'EXECUTE') AND "
        "((n.nspname = 'pg_catalog' AND proname IN ('pg_terminate_backend', 'pg_cancel_backend', 'pg_sleep', "
        "'pg_sleep_for', 'pg_sleep_until')) OR (n.nspname = 'public' "
        "AND proname IN ('st_makevalid', 'st_buffer')))",
    )
    names = sorted(str(row[0]) for row in open_)
    fast = "maps under row-level security can use the spatial index (geometry_overlaps is leakproof): "
    harm = f"harmful functions that the web role may call: {', '.join(names) or 'none'}"
    return [
        Finding("leakproof", bool(leakproof), "stop", fast + ("yes" if leakproof else "no"), ENSURE_CURE),
        Finding("functions", not names, "stop", harm, ENSURE_CURE),
    ]


def _migrations(admin: Connection, code_head: str | None) -> Finding:
    head = revision(admin)
    message = f"the database is at migration {head}, the code at {code_head}"
    return Finding("migrations", head == code_head, "stop", message, "shuangge migrate")


def _disk(home: Path) -> Finding:
    usage = shutil.disk_usage(home)
    floor = min(max(usage.total // 20, FREE_FLOOR), 2 * 1024**3)
    message = f"{usage.free // 2**20} MB are free at {home}, {floor // 2**20} MB are needed"
    return Finding("disk", usage.free >= floor, "stop", message, "free space on that disk")


def _secrets(files: Iterable[Path]) -> list[Finding]:
    found = []
    for path in files:
        exists = path.is_file()
        private = exists and stat.S_IMODE(path.stat().st_mode) == 0o600
        mode = f"has mode {stat.S_IMODE(path.stat().st_mode):o}" if exists else "is missing"
        message = f"{path} {mode}"
        cure = f"chmod 600 {path}" if exists else "make run (it makes missing secrets)"
        found.append(Finding(f"secret_{path.name}", private, "stop", message, cure))
    return found


def _last_backup(home: Path) -> Finding:
    path = home / "last-backup.json"
    cure = "shuangge backup FILE, each night and to another machine"
    if not path.exists():
        return Finding("backup_age", False, "warn", "there is no backup yet", cure)
    made_at = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["made_at"])
    age = now() - made_at
    hours = age.total_seconds() / 3600
    return Finding("backup_age", age < BACKUP_AGE, "warn", f"the last backup is {hours:.0f} h old", cure)
