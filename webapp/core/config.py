"""One frozen settings value, read from environment variables and an optional file."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

CALL_WAYS = ("file", "email", "sms")
CHECKOUT = Path(__file__).resolve().parents[2]


class SettingsError(ValueError):
    """A setting can't be understood; the message names the setting and what it takes."""


def _setting(env: str, doc: str, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"env": env, "doc": doc})


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two machines. Built by `load`, or directly in tests."""

    home: Path = _setting("SHUANGGE_HOME", "Folder of cluster, attachments, logs and secrets.", Path("var"))
    bind: str = _setting("BIND", "Address that the web service listens on.", "127.0.0.1")
    port: int = _setting("PORT", "Port that the web service listens on.", 8000)
    database_url: str | None = _setting(
        "DATABASE_URL", "Outside PostGIS server (no user in it); empty: our own private cluster.", None
    )
    admin_url: str | None = _setting(
        "SHUANGGE_ADMIN_URL", "Superuser's URL of the outside server, for the one-time steps only.", None
    )
    database: str = _setting(
        "SHUANGGE_DATABASE", "Name of the database inside our private cluster.", "shuangge"
    )
    public_url: str = _setting(
        "SHUANGGE_PUBLIC_URL", "Address that phones reach the service by, for QR codes.", ""
    )
    secure_cookies: bool = _setting(
        "SHUANGGE_SECURE_COOKIES", "Cookies only over HTTPS (behind the TLS proxy).", False
    )
    trusted_proxies: int = _setting(
        "SHUANGGE_TRUSTED_PROXIES", "How many reverse proxies of ours stand in front.", 0
    )
    workers: int = _setting("SHUANGGE_WORKERS", "Web processes.", 2)
    threads: int = _setting("SHUANGGE_THREADS", "Threads of each web process.", 256)
    pool_size: int = _setting("SHUANGGE_POOL_SIZE", "Database connections of each web process.", 12)
    live_cap: int = _setting(
        "SHUANGGE_LIVE_CAP", "Open live streams of each web process; above it browsers poll.", 200
    )
    max_body: int = _setting("SHUANGGE_MAX_BODY", "Largest request body in bytes.", 32 * 1024 * 1024)
    session_idle_s: int = _setting("SHUANGGE_SESSION_IDLE_S", "A session ends after this idle time.", 1800)
    session_max_s: int = _setting("SHUANGGE_SESSION_MAX_S", "A session ends after this time at all.", 43200)
    basemap: str = _setting(
        "SHUANGGE_BASEMAP",
        "Base map: empty (none), a local .mbtiles or .pmtiles file (from the home folder), an XYZ address.",
        "",
    )
    basemap_credit: str = _setting("SHUANGGE_BASEMAP_CREDIT", "Credit line of the base map.", "")
    basemap_review: str = _setting("SHUANGGE_BASEMAP_REVIEW", "Map-review number of the base map.", "")
    webhook_private: str = _setting(
        "SHUANGGE_WEBHOOK_PRIVATE",
        "Private networks that webhooks may call, also without TLS: a comma list such as 10.20.0.0/16.",
        "",
    )
    webhook_ca: str = _setting(
        "SHUANGGE_WEBHOOK_CA",
        "File of the certificate authority that webhooks trust; empty: the system's.",
        "",
    )
    call_ways: str = _setting(
        "SHUANGGE_CALL_WAYS",
        "How calls are told beside the pages, a comma list of file, email, sms; empty: not at all.",
        "file",
    )
    call_smtp: str = _setting("SHUANGGE_CALL_SMTP", "Mail server for calls, host:port.", "")
    call_smtp_login: str = _setting(
        "SHUANGGE_CALL_SMTP_LOGIN", "File with user and password of the mail server in two lines.", ""
    )
    call_email_from: str = _setting("SHUANGGE_CALL_EMAIL_FROM", "Sender of the messages about calls.", "")
    call_email_to: str = _setting(
        "SHUANGGE_CALL_EMAIL_TO", "Mailbox (of the duty desk) that is told of calls.", ""
    )
    call_sms_url: str = _setting(
        "SHUANGGE_CALL_SMS_URL", "Address of the SMS gateway that is sent a POST for each message.", ""
    )
    call_sms_body: str = _setting(
        "SHUANGGE_CALL_SMS_BODY",
        "JSON for the SMS gateway; {phone}, {text} and {id} in its texts are filled in.",
        '{"to": "{phone}", "text": "{text}", "id": "{id}"}',
    )
    call_sms_token: str = _setting(
        "SHUANGGE_CALL_SMS_TOKEN", "File with the bearer token of the SMS gateway; empty: none.", ""
    )
    export_hours: int = _setting("SHUANGGE_EXPORT_HOURS", "Hours for which an export may be fetched.", 24)
    drop_dir: str = _setting(
        "SHUANGGE_DROP",
        "Folder of packages to and from other networks (<station>/in, out, taken, refused); empty: none.",
        "",
    )
    default_language: str = _setting("SHUANGGE_LANGUAGE", "Language without a wish: zh or en.", "zh")

    @property
    def secrets_dir(self) -> Path:
        """Folder of generated secrets, mode 0700."""
        return self.home / "secrets"

    @property
    def blobs_dir(self) -> Path:
        """Folder of the content-addressed attachments."""
        return self.home / "blobs"

    @property
    def spool_dir(self) -> Path:
        """Folder of files that are still arriving."""
        return self.home / "spool"

    def secret(self, name: str) -> bytes:
        """Return the 32-byte secret `name`; raise SettingsError when it was not made yet."""
        path = self.secrets_dir / name
        try:
            return bytes.fromhex(path.read_text().strip())
        except FileNotFoundError as error:
            raise SettingsError(f"secret {path} is missing; run 'make run' to make it") from error
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"secret {path} can't be read or is damaged ({error}): bring it back from a copy; without a "
                "copy move it aside, and 'make run' makes a new one"
            ) from error


SECRETS = ("context.key", "csrf.key", "audit.key", "exchange.key", "party.key")
ROLE_SECRETS = ("shuangge_migrate.key", "shuangge_web.key", "shuangge_login.key", "shuangge_worker.key")


def make_secrets(settings: Settings) -> list[Path]:
    """Make the secrets that are missing (32 random bytes as hex, mode 0600); return the new ones."""
    settings.secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # An outside server knows its roles by password; our own cluster knows the user behind the socket.
    names = SECRETS + (ROLE_SECRETS if settings.database_url else ())
    made = []
    for name in names:
        path = settings.secrets_dir / name
        if not path.exists() or path.stat().st_size == 0:  # empty: a power cut while it was made
            _make_secret(path)
            made.append(path)
    return made


def _make_secret(path: Path) -> None:
    """Write a secret under another name first: nothing is ever signed with half of one."""
    fresh = path.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def load(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read the settings: environment over file over default.

    `file` is TOML with the field names as keys; by default `SHUANGGE_CONFIG`, else `shuangge.toml` in the
    home folder when it exists. Raises SettingsError for an unknown key or a value of the wrong kind.
    """
    home = Path(environ.get("SHUANGGE_HOME") or CHECKOUT / "var").absolute()
    path = file or (Path(environ["SHUANGGE_CONFIG"]) if environ.get("SHUANGGE_CONFIG") else None)
    if path is None and (home / "shuangge.toml").exists():
        path = home / "shuangge.toml"
    values = _values(path) if path else {}
    unknown = set(values) - {f.name for f in fields(Settings)}
    if unknown:
        raise SettingsError(f"{path}: unknown settings {', '.join(sorted(unknown))}")
    for item in fields(Settings):
        if environ.get(item.metadata["env"]):
            values[item.name] = environ[item.metadata["env"]]
    typed = {item.name: _typed(item, values[item.name]) for item in fields(Settings) if item.name in values}
    unknown_ways = set(str(typed.get("call_ways", "")).replace(" ", "").split(",")) - {"", *CALL_WAYS}
    if unknown_ways:
        raise SettingsError(f"SHUANGGE_CALL_WAYS takes {', '.join(CALL_WAYS)}, not {unknown_ways}")
    for part in str(typed.get("webhook_private", "")).split(","):
        _network(part.strip())
    return Settings(**{**typed, "home": home})


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} can't be read as TOML: {error}") from error


def _network(text: str) -> None:
    try:
        ip_network(text or "127.0.0.0/8")
    except ValueError as error:
        raise SettingsError(f"SHUANGGE_WEBHOOK_PRIVATE takes networks, not {text!r}") from error


def _typed(item: Field[Any], value: Any) -> Any:
    kind = type(item.default)
    env = item.metadata["env"]
    if kind is bool and not isinstance(value, bool):
        if str(value).lower() not in ("0", "1", "true", "false", "yes", "no"):
            raise SettingsError(f"{env} takes yes or no, not {value!r}")
        return str(value).lower() in ("1", "true", "yes")
    if kind is int:
        try:
            number = int(value)
        except ValueError as error:
            raise SettingsError(f"{env} takes a whole number, not {value!r}") from error
        if item.name == "port" and not 0 < number < 65536:
            raise SettingsError(f"{env} takes a number from 1 to 65535, not {number}")
        return number
    return Path(value) if isinstance(item.default, Path) else str(value)


def table() -> str:
    """Return the Markdown table of all settings for docs/settings.md."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for item in fields(Settings):
        default = "" if item.default in (None, "") else f"`{item.default}`"
        lines.append(f"| `{item.metadata['env']}` | {default} | {item.metadata['doc']} |")
    return "\n".join(lines) + "\n"
