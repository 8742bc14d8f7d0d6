"""Pure decisions about places: their kinds, who registers them, event names."""

from __future__ import annotations

from webapp.core.i18n import N_

# Who adds, mends and closes places (the policies of app.place are the law); everybody of the station reads.
REGISTRARS = ("station_chief", "planner", "officer")
# Who prints posters and signs; cards for phones are made by the chief and the system admin only.
PRINTERS = ("station_chief", "planner", "officer", "system_admin")

# A word that is not listed is shown as it is: registers bring kinds of their own.
KIND_TITLES = {
    "compound": N_("Residential compound"),
    "gate": N_("Gate or entrance"),
    "building": N_("Building"),
    "police_room": N_("Police room"),
    "party_centre": N_("Party service centre"),
    "mediation_room": N_("Mediation room"),
    "counselling": N_("Counselling station"),
    "market_stall": N_("Market stall"),
    "office": N_("Office"),
    "mall": N_("Shopping centre"),
    "school": N_("School"),
    "hospital": N_("Hospital"),
    "market": N_("Market"),
    "park": N_("Park"),
    "station": N_("Station or stop"),
    "village": N_("Village"),
    "other": N_("Other place"),
}
