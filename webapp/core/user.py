"""The operating-system user that the database and the service run as."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from webapp.core.config import CHECKOUT, SettingsError
from webapp.core.installation import (
    HomeUnreachable,
    NoServiceUser,
    PostgresError,
    Say,
    StartFailed,
    WrongOwner,
)

SYSTEM_USERS = ("shuangge", "postgres")
FOLDERS = {"run": 0o750, "log": 0o750, "log/postgres": 0o750, "blobs": 0o750, "secrets": 0o700}


class ProcessIdentity(TypedDict, total=False):
    """Arguments of `subprocess` that start a program as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServiceUser:
    """A user by name and number."""

    name: str
    uid: int
    gid: int

    @property
    def is_self(self) -> bool:
        return os.geteuid() == self.uid

    def identity(self) -> ProcessIdentity:
        """Arguments for `subprocess.Popen`; empty when the process already runs as this user."""
        if self.is_self:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def current_user() -> ServiceUser:
    """The user of this process."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise NoServiceUser(
            f"The user number {uid} has no name, and PostgreSQL knows its users by name.",
            "Run as a user that is listed in /etc/passwd.",
        ) from error
    return ServiceUser(name, uid, os.getegid())


def service_user(home: Path | None = None) -> ServiceUser:
    """Who owns the cluster and the service's files.

    An ordinary user does everything as oneself. Root hands over, because PostgreSQL refuses root: to the
    owner of the cluster that is already in `home`, else to the system user `shuangge`, else to `postgres`.
    """
    if os.geteuid() != 0:
        return current_user()
    cluster = home / "cluster" if home is not None else None
    if cluster is not None and cluster.is_dir():
        owner = cluster.stat().st_uid
        if owner == 0:
            raise WrongOwner(
                f"The data folder {cluster} belongs to root, and PostgreSQL refuses root.",
                f"chown -R shuangge: {cluster}",
            )
        entry = pwd.getpwuid(owner)
        return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoServiceUser(
        "Started as root, but there is no ordinary user to run PostgreSQL and the service.",
        "adduser --system --group --no-create-home shuangge",
    )


def _may(path: Path, user: ServiceUser, bits: int) -> bool:
    """Whether the mode of `path` grants `bits` (4 read, 2 write, 1 enter) to the user."""
    status = path.stat()
    if user.uid == 0:
        return True
    if status.st_uid == user.uid:
        return (status.st_mode >> 6) & bits == bits
    if status.st_gid == user.gid:
        return (status.st_mode >> 3) & bits == bits
    return status.st_mode & bits == bits


def closed_folder(path: Path, user: ServiceUser) -> Path | None:
    """The first existing folder on the way to `path` (itself included) that the user can't enter."""
    real = path.resolve()
    for folder in [*reversed(real.parents), real]:
        if folder.is_dir() and not _may(folder, user, 1):
            return folder
    return None


def _make_elsewhere(home: Path, user: ServiceUser, say: Say) -> None:
    """Put the real home where the service user can reach it, with a link from the usual place."""
    name = hashlib.sha256(str(home.absolute().parent).encode()).hexdigest()[:12]
    real = Path("/var/lib") / f"shuangge-{name}"
    if real.is_dir():
        say(f"{real} holds the data of an earlier checkout at this place; going on with it")
    real.mkdir(mode=0o750, exist_ok=True)
    home.symlink_to(real)
    say(f"{home.parent} is closed for the user {user.name}: the data goes to {real}, linked from {home}")


def prepare_home(home: Path, say: Say, checkout: Path = CHECKOUT) -> ServiceUser:
    """Make the home and its folders for the service user; returns that user.

    Raises HomeUnreachable when a folder above is closed. Only for the default `var` of a checkout, and only
    when it does not exist yet, is the real folder made under /var/lib and linked.
    """
    user = service_user(home)
    if home.is_symlink() and not home.exists():
        raise HomeUnreachable(
            f"{home} is a link to {home.readlink()}, which does not exist.",
            f"Bring that folder back, or remove the link to begin anew: rm {home}",
        )
    closed = closed_folder(home.parent, user)
    if closed is not None and os.geteuid() == 0 and home == checkout / "var" and not home.exists():
        _make_elsewhere(home, user, say)
        closed = None
    elif home.is_symlink():
        closed = closed_folder(home.resolve().parent, user)
    if closed is not None:
        raise HomeUnreachable(
            f"The user {user.name}, who runs the database, can't enter {closed} on the way to {home}.",
            f"chmod o+x {closed}, or set SHUANGGE_HOME to a folder that all may reach (/srv/shuangge).",
        )
    home.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name, mode in FOLDERS.items():
        (home / name).mkdir(mode=mode, exist_ok=True)
    if not user.is_self:
        hand_over(home, code_user(checkout, user), user)
    if not _may(home, user, 7):
        raise HomeUnreachable(
            f"The user {user.name} can't write to {home}.", f"chown {user.name}: {home.resolve()}"
        )
    return user


def hand_over(home: Path, code: ServiceUser, user: ServiceUser) -> None:
    """Give what root has made in the home to the user who needs it (run by root).

    The folder and the server's log always; the service's own files only when the service runs as that user.
    Only files of root with a single name are touched, never what a link points to.
    """
    for name in (".", "run", "log", "log/postgres"):
        folder = home / name
        if folder.stat().st_uid == 0:
            os.chown(folder, user.uid, user.gid)
    if code.uid == 0:
        return
    for top in ("run", "log", "blobs", "secrets"):
        for place, _names, files in os.walk(home / top):
            for entry in (Path(place), *(Path(place) / name for name in files)):
                status = entry.lstat()
                single = stat.S_ISDIR(status.st_mode) or (
                    stat.S_ISREG(status.st_mode) and status.st_nlink == 1
                )
                if single and status.st_uid == 0:
                    os.chown(entry, user.uid, user.gid, follow_symlinks=False)


def give_like(path: Path, folder: Path) -> None:
    """Give a file that root has made to the owner of a folder, who will write it next time."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def code_user(checkout: Path, user: ServiceUser, say: Say | None = None) -> ServiceUser:
    """Who runs our Python code: the service user, or root when that user can't read the checkout."""
    needed = (checkout / "webapp", Path(sys.prefix), Path(sys.executable).resolve().parent)
    closed = next((found for path in needed if (found := closed_folder(path, user))), None)
    if closed is None or os.geteuid() != 0:
        return user
    if say is not None:
        say(
            f"Warning: {user.name} can't enter {closed}, so the web service runs as root "
            f"(the database does not). Cure: move the checkout to /opt or /srv."
        )
    return current_user()


def become(user: ServiceUser) -> None:
    """Give up root for good and go on as `user`."""
    if user.is_self:
        return
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    os.environ["HOME"] = "/nonexistent"


def run_as(user: ServiceUser, work: Callable[[], None]) -> None:
    """Do some work as `user`, in a child process when that is somebody else. Raises StartFailed."""
    if user.is_self:
        work()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as report:
            status = _work_in_child(user, work, report)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as report:
        message, _end, cure = report.read().partition("\0")
    if os.waitpid(child, 0)[1] != 0:
        raise StartFailed(
            message or "Preparing the service failed.", cure or "see above; `shuangge doctor` tells more"
        )


def _work_in_child(user: ServiceUser, work: Callable[[], None], report: IO[str]) -> int:
    """Do the work and report what went wrong as message and cure; returns the exit code."""
    try:
        become(user)
        work()
    except PostgresError as error:
        report.write(f"{error.message}\0{error.cure}")
        return 1
    except SettingsError as error:
        report.write(f"{error}\0correct the setting, or follow the cure that is named")
        return 1
    except BaseException:  # the child must end here, whatever happens
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
