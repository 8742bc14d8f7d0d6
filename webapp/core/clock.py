"""The one place that asks what time it is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHOWN = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def shown(at: datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Return a UTC time as people here read it (Asia/Shanghai)."""
    return at.astimezone(SHOWN).strftime(pattern)
