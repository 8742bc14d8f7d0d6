"""Who looks after the machine's work, and how its states are called."""

from __future__ import annotations

from webapp.core.i18n import N_

# The chief sees how it stands; the administrator restarts.
KEEPERS = ("system_admin",)
READERS = ("system_admin", "station_chief")

STATES = ("dead", "leased", "ready")
STATE_TITLES = {"ready": N_("waiting"), "leased": N_("running"), "dead": N_("given up")}
MOST = 500
