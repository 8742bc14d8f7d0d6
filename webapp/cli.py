"""The command line: everything that an administrator does."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
import psycopg2
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from collectors.register_columns import COLUMNS, READABLE
from webapp import exchange_commands as commands
from webapp.core import audit as chains
from webapp.core import backup as backups
from webapp.core import clock, doctor, queue, supervisor
from webapp.core.config import SECRETS, Settings, SettingsError, load, make_secrets, table
from webapp.core.db import LOGIN_ROLES, MIGRATE, role_url
from webapp.core.ensure import connect, ensure_database, set_passwords
from webapp.core.errors import AppError, NotFound
from webapp.core.installation import PostgresError, StartFailed
from webapp.core.messages import message
from webapp.core.migrations import OPEN_TABLES, code_head
from webapp.core.migrations import migrate as run_migrations
from webapp.core.user import give_like, prepare_home
from webapp.demo import load as demo_load
from webapp.field import imports
from webapp.worker import Worker

_started = time.monotonic()
EXPORTED = ("geojson", "shp", "gpkg", "csv", "xlsx")


def say(line: str) -> None:
    """Tell the person at the terminal what is going on, with the seconds since the start."""
    click.echo(f"[{time.monotonic() - _started:5.1f} s] {line}")


@contextmanager
def _at_home() -> Iterator[Settings]:
    """Prepare the home; what the command makes there as root is the service user's afterwards."""
    settings = load(os.environ)
    prepare_home(settings.home, say)
    try:
        yield settings
    finally:
        prepare_home(settings.home, say)


KNOWN = (PostgresError, SettingsError, AppError, SQLAlchemyError, psycopg2.Error, OSError)


def _told(error: Exception) -> tuple[str, str]:
    """What is wrong and how to cure it, for an error of KNOWN."""
    match error:
        case PostgresError():
            return error.message, error.cure
        case SettingsError():
            return str(error), "correct the setting; docs/settings.md lists them all"
        case AppError():
            lines = [message(error.code, error.params)]
            lines += [f"{p.pointer}: {message(p.code, p.params)}" for p in error.problems]
            return "\n  ".join(lines), ""
        case OSError():
            return str(error), "look at that place: does it exist, who may write there, is the disk full?"
        case _:
            said = str(getattr(error, "orig", None) or error).strip()
            if "No space left on device" in said:
                return f"the disk is full: {said}", "free space on that disk, then repeat"
            return (
                f"the database refused: {said}",
                "shuangge doctor; does the server run, is DATABASE_URL right?",
            )


def _failing_well(command: Callable[..., None]) -> Callable[..., None]:
    """Turn the errors that have a cure into a message and exit code 1."""

    @wraps(command)
    def inner(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BrokenPipeError:
            raise  # nobody reads on (`make run | head`); click ends without a word
        except KNOWN as error:
            _fail(*_told(error))

    return inner


def _fail(text_: str, cure: str) -> None:
    click.echo(f"Failed: {text_}", err=True)
    if cure:
        click.echo(f"Cure: {cure}", err=True)
    sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """双格 shuangge: community grids and police grids on one map."""


@main.command()
@_failing_well
def up() -> None:
    """Start everything: database, migrations, demo station at first, web service and worker."""
    settings = load(os.environ)
    supervisor.up(settings, say, lambda: _prepare(settings))
    _greet(settings)


def _prepare(settings: Settings) -> None:
    """Do the steps between database and service; whatever fails is told with its cure, also by a child."""
    try:
        _steps(settings)
    except KNOWN as error:
        raise StartFailed(*_told(error)) from error


def _steps(settings: Settings) -> None:
    make_secrets(settings)
    if settings.database_url and settings.admin_url:
        _superuser_steps(settings)
    say("bringing the database to the newest form")
    run_migrations(settings)
    findings = [f for f in _findings(settings) if not f.ok and f.level == "stop"]
    if findings:
        raise StartFailed("; ".join(f.message for f in findings), "; ".join(f.cure for f in findings))
    demo_load.load_first(settings, say)


def _greet(settings: Settings) -> None:
    click.echo(f"\n双格 shuangge answers at {supervisor.address(settings)}\n")
    for line in demo_load.greeting(settings):
        click.echo(line)


@main.command()
@_failing_well
def down() -> None:
    """Stop web service, worker and the private database; data stays."""
    supervisor.down(load(os.environ), say)


@main.command()
@_failing_well
def serve() -> None:
    """Run the web service in the foreground."""
    command = supervisor.web_command(load(os.environ))
    os.execv(command[0], command)  # noqa: S606 - our own fixed command


@main.command()
@click.option("--name", default="worker-1", help="Stays the same over restarts of this worker.")
@_failing_well
def work(name: str) -> None:
    """Run the background worker in the foreground."""
    Worker(load(os.environ), name).forever()


@main.command()
@click.option("--revision", default="head", help="Where to: a revision, 'head' or 'base'.")
@_failing_well
def migrate(revision: str) -> None:
    """Bring the database's form to a revision and repeat the superuser's steps."""
    with _at_home() as settings:
        make_secrets(settings)
        _superuser_steps(settings)
        run_migrations(settings, revision)
        _superuser_steps(settings)
    say(f"the database is at {revision}")


def _superuser_steps(settings: Settings) -> None:
    """Repeat what only a superuser may do; an outside server's roles get our generated passwords."""
    superuser = backups.superuser_url(settings, say)
    ensure_database(superuser, make_url(superuser).database or settings.database)
    if settings.database_url:
        connection = connect(superuser)
        set_passwords(connection, {role: settings.secret(f"{role}.key").hex() for role in LOGIN_ROLES})
        connection.close()


@main.command()
@click.option(
    "--station",
    "codes",
    multiple=True,
    help="Several may be named.",
    type=click.Choice(["YZ", "QF", "wuhan"], case_sensitive=False),
)
@click.option("--scale", default=1, show_default=True, help="A city of so many times the grids.")
@_failing_well
def demo(codes: tuple[str, ...], scale: int) -> None:
    """Load synthetic demo stations (YZ, QF) or the one on real roads (wuhan)."""
    with _at_home() as settings:
        demo_load.load(settings, list(codes) or ["YZ", "QF"], scale=scale, say=say)


@main.command("import")
@click.argument("kind", type=click.Choice(["grids", "divisions", *READABLE]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--station", help="Code of the station (for grids).")
@click.option(
    "--crs", help="Coordinate system, if the file does not say: wgs84, gcj02, bd09, cgcs2000, EPSG:4546 ..."
)
@click.option("--name", default="import", help="Name of the new plan.")
@click.option("--publish", is_flag=True, help="Put the plan into force at once.")
@click.option("--source", default="import", show_default=True, help="The system that a register comes from.")
@click.option("--good-rows", is_flag=True, help="Enter a register's rows without fault, not all or none.")
@_failing_well
def import_(kind: str, file: Path, station: str | None, crs: str | None, name: str, **more: Any) -> None:
    """Import a plan of grids, the list of divisions (CSV), or a register (CSV, XLSX, GeoJSON, GeoPackage)."""
    settings = load(os.environ)
    if kind == "divisions":
        say(f"{imports.import_divisions(settings, file)} divisions")
        return
    if station is None:
        raise click.UsageError("--station is needed")
    if kind in READABLE:
        choice, source = "good" if more["good_rows"] else "all", more["source"]
        say(commands.bring_in(file, kind=kind, station=station, source=source, crs=crs, choice=choice))
        return
    say(imports.import_grids(settings, file, station=station, crs=crs, name=name, publish=more["publish"]))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--station", required=True, help="Code of the station.")
@click.option("--kind", type=click.Choice(list(COLUMNS)), default="grids", show_default=True)
@click.option("--format", "form", type=click.Choice(EXPORTED), default="geojson", show_default=True)
@click.option("--crs", default="wgs84", show_default=True)
@click.option("--reason", default="", help="What a register is taken out for; kept in the audit log.")
@_failing_well
def export(file: Path, station: str, kind: str, form: str, crs: str, reason: str) -> None:
    """Export the grids in force, or a register, as a file."""
    if kind != "grids" or form in ("csv", "xlsx"):
        if not reason:
            raise click.UsageError("--reason is needed for a register")
        rows = commands.take_out(file, kind=kind, form=form, station=station, crs=crs, reason=reason)
        say(f"{rows} rows written to {file}")
        return
    count = imports.export_grids(load(os.environ), file, station=station, form=form, crs=crs)
    say(f"{count} grids written to {file}")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_failing_well
def backup(file: Path) -> None:
    """Make a consistent copy of database and attachments while the service runs."""
    say(f"written: {backups.backup(load(os.environ), file, say)}")


@main.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--force", is_flag=True, help="Put the present data aside (renamed, kept) if there is any.")
@_failing_well
def restore(file: Path, force: bool) -> None:
    """Restore a copy and check it against its manifest."""
    with _at_home() as settings:
        make_secrets(settings)  # a copy holds none, and a new machine has none yet
        backups.restore(settings, file, say, force)
        run_migrations(settings)
        _superuser_steps(settings)


@main.group()
def audit() -> None:
    """The hash chain over everything that was done."""


@audit.command()
@click.option("--seal/--no-seal", default=True, help="Append the chains' ends, signed, to audit-seal.jsonl.")
@_failing_well
def verify(seal: bool) -> None:
    """Check every link; exit 1 and name each break when something was altered, deleted or cut."""
    settings = load(os.environ)
    path, key = settings.home / "audit-seal.jsonl", settings.secret("audit.key")
    engine = create_engine(role_url(settings, MIGRATE))
    with engine.connect() as connection:
        connection.execute(text("SET ROLE shuangge_owner"))
        try:
            count, breaks = chains.verify(connection, chains.read_seal(path, key))
        except ValueError as error:
            _fail(f"{path}: {error}", "compare with the copies of the seal file in your backups")
        if seal and not breaks:
            chains.write_seal(path, chains.heads(connection), key, clock.now())
            give_like(path, settings.home)
    engine.dispose()
    for item in breaks[:50]:
        click.echo(f"{item.kind}: chain {item.chain} link {item.seq} event {item.event_id}", err=True)
    if breaks:
        _fail(
            f"{len(breaks)} breaks in {count} links",
            "compare with a backup; the rows named were changed by hand",
        )
    say(f"{count} links hold")


@main.group()
def coverage() -> None:
    """What patrols have covered."""


@coverage.command()
@_failing_well
def rebuild() -> None:
    """Make the presence per grid and day anew from the fixes."""
    say(f"{demo_load.rebuild_presence(load(os.environ), say)} grid days")


@main.group()
def jobs() -> None:
    """The background work: what was given up."""


@jobs.command("dead")
@_failing_well
def dead_jobs() -> None:
    """List the jobs that failed five times, with the last error."""
    with imports.owner(load(os.environ)) as session:
        for job in queue.dead(session):
            click.echo(f"{job.id} {job.name} {job.created_at:%Y-%m-%d %H:%M} {job.last_error}")


@jobs.command()
@click.argument("job_id", type=int)
@_failing_well
def revive(job_id: int) -> None:
    """Give a dead job five new tries."""
    with imports.owner(load(os.environ)) as session:
        if not queue.revive(session, job_id):
            raise NotFound()
    say(f"job {job_id} will be tried again")


for command_ in commands.exchange.commands.values():
    command_.callback = _failing_well(command_.callback) if command_.callback else None
main.add_command(commands.exchange)


@main.command("doctor")
@_failing_well
def doctor_() -> None:
    """Check what must be true, and say the cure of what is not."""
    bad = 0
    for item in _findings(load(os.environ)):
        mark = "ok  " if item.ok else ("STOP" if item.level == "stop" else "warn")
        bad += not item.ok and item.level == "stop"
        click.echo(f"{mark} {item.code}: {item.message}" + ("" if item.ok else f" -> {item.cure}"))
    if bad:
        _fail(f"{bad} checks", "follow the arrows above")


def _findings(settings: Settings) -> list[doctor.Finding]:
    if settings.database_url and not settings.admin_url:
        say("the outside server is not checked: SHUANGGE_ADMIN_URL is not set")
        return []
    connection = connect(backups.superuser_url(settings, say))
    try:
        return doctor.checks(
            connection,
            home=settings.home,
            code_head=code_head(),
            exempt_tables=OPEN_TABLES,
            secret_files=[settings.secrets_dir / name for name in SECRETS],
        )
    finally:
        connection.close()


@main.command(hidden=True)
def settings_table() -> None:
    """Print docs/settings.md's table."""
    click.echo(table(), nl=False)


if __name__ == "__main__":
    main()
