"""The programs and configuration files of our private PostgreSQL."""

from __future__ import annotations

import os
import re
from pathlib import Path

from webapp.core.installation import PostgresMissing, WrongVersion
from webapp.core.user import ServiceUser

LIBRARIES = Path("/usr/lib/postgresql")
SHARED = Path("/usr/share/postgresql")
PORT = 5432
ROLES = ("postgres", "shuangge_migrate", "shuangge_web", "shuangge_login", "shuangge_worker")

# A small machine: 2 cores, 2 GB and up. Parameters of statements stay out of the log: they are personal data.
SETTINGS = """\
# Written anew at each start; changes made here are lost.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0770
max_connections = 120
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 0
fsync = on
full_page_writes = on
synchronous_commit = on
wal_compression = on
checkpoint_timeout = 5min
max_wal_size = 1GB
restart_after_crash = on
client_connection_check_interval = 5s
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = '{log}'
log_filename = 'postgresql-%a.log'
log_file_mode = 0640
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_line_prefix = '%m [%p] %u@%d '
log_statement = none
log_min_duration_statement = -1
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
"""


def _installed() -> dict[int, Path]:
    """Program folders of the servers that have PostGIS beside them, by major version."""
    if not LIBRARIES.is_dir():
        return {}
    return {
        int(folder.name): folder / "bin"
        for folder in LIBRARIES.iterdir()
        if folder.name.isdigit()
        and (folder / "bin" / "postgres").exists()
        and (SHARED / folder.name / "extension" / "postgis.control").exists()
    }


def program_folder(wanted: int | None = None) -> Path:
    """Programs of the newest server with PostGIS, or of the major version that a data folder needs.

    Raises PostgresMissing or WrongVersion.
    """
    installed = _installed()
    if wanted is not None and wanted in installed:
        return installed[wanted]
    if wanted is not None and installed:
        newest = max(installed)
        raise WrongVersion(
            f"The data was made by PostgreSQL {wanted}, but only {sorted(installed)} is here with PostGIS.",
            f"apt-get install postgresql-{wanted}-postgis-3; or move to {newest}: `shuangge backup FILE` "
            f"on a machine with version {wanted}, here move `cluster` aside and `shuangge restore FILE`.",
        )
    if not installed:
        number = wanted or 15
        raise PostgresMissing(
            "No PostgreSQL server with PostGIS is installed.",
            f"apt-get install postgresql-{number} postgresql-{number}-postgis-3",
        )
    return installed[max(installed)]


def server_version(cluster: Path) -> int | None:
    """Major version that made the data folder; None when the folder does not say."""
    try:
        text = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return int(text) if re.fullmatch(r"\d{1,3}", text) else None


def _write(path: Path, text: str, owner: ServiceUser) -> None:
    """Replace a file as a whole, so that a power cut leaves the old or the new one."""
    fresh = path.with_name(path.name + ".fresh")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(0o600)
    if not owner.is_self:
        os.chown(fresh, owner.uid, owner.gid)
    fresh.replace(path)


def write_configuration(cluster: Path, sockets: Path, log: Path, owner: ServiceUser, users: set[str]) -> None:
    """Write shuangge.conf, pg_hba.conf and pg_ident.conf: these OS users may connect, without passwords."""
    settings = SETTINGS.format(port=PORT, sockets=_quoted(sockets), log=_quoted(log))
    _write(cluster / "shuangge.conf", settings, owner)
    _write(cluster / "pg_hba.conf", "# Unix socket only.\nlocal all all peer map=shuangge\n", owner)
    lines = [f'shuangge "{name}" {role}' for name in sorted(users) for role in ROLES]
    _write(cluster / "pg_ident.conf", "\n".join(lines) + "\n", owner)
    main = cluster / "postgresql.conf"
    include = "include 'shuangge.conf'"
    text = main.read_text(encoding="utf-8")
    if include not in text:
        _write(main, f"{text}\n# Last, so that it wins.\n{include}\n", owner)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
