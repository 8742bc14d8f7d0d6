"""The named ways in which running an installation can fail, each with its cure."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]


class PostgresError(Exception):
    """A failure of the installation: `code` is stable, `message` says what is wrong, `cure` what to do.

    PostgresMissing      no server with PostGIS is installed
    NoServiceUser        started as root, and no ordinary user is there to run the server
    HomeUnreachable      a folder on the way to the home is closed for the service user
    WrongOwner           the data folder belongs to somebody else
    WrongVersion         the data folder was made by a PostgreSQL that is not installed
    ClusterDamaged       the data folder holds databases, but not all of its own files
    ClusterBusy          processes of an earlier server do not let go of the data folder
    DiskFull             no room for the database
    StartFailed          the server or the service did not start
    StopFailed           the server did not stop
    PortTaken            another program listens on our port
    EnsureRefused        the database did not accept the superuser steps
    ServiceRunning       the service must be stopped first
    BackupDamaged        a backup's content differs from its manifest
    DatabaseNotEmpty     a restore would replace data
    """

    code = "postgres"

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class PostgresMissing(PostgresError):
    code = "postgres_missing"


class NoServiceUser(PostgresError):
    code = "no_service_user"


class HomeUnreachable(PostgresError):
    code = "home_unreachable"


class WrongOwner(PostgresError):
    code = "wrong_owner"


class WrongVersion(PostgresError):
    code = "wrong_version"


class ClusterDamaged(PostgresError):
    code = "cluster_damaged"


class ClusterBusy(PostgresError):
    code = "cluster_busy"


class DiskFull(PostgresError):
    code = "disk_full"


class StartFailed(PostgresError):
    code = "start_failed"


class StopFailed(PostgresError):
    code = "stop_failed"


class PortTaken(PostgresError):
    code = "port_taken"


class EnsureRefused(PostgresError):
    code = "ensure_refused"


class ServiceRunning(PostgresError):
    code = "service_running"


class BackupDamaged(PostgresError):
    code = "backup_damaged"


class DatabaseNotEmpty(PostgresError):
    code = "database_not_empty"
