"""Pure decisions about residents: proof of work, tracking codes, limits, where a report may be seen."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from webapp.core.errors import Problem, Refused
from webapp.core.i18n import N_
from webapp.core.security import neighbourhood
from webapp.core.shortcodes import LETTERS, TRACKING_LENGTH, from_number, sound, tidy

SOURCE = "public"
MOST_PHOTOS = 3
# One form with three photos as a browser without JavaScript sends them; a further photo.
REPORT_BYTES = 26 * 1024 * 1024
ADDITION_BYTES = 9 * 1024 * 1024
MOST_NOTES = 20
MOST_PHOTOS_LATER = 9
NOTE_LIMIT = 1000

# Mobile networks put hundreds of phones behind one address, so an address gets much; the price rises instead.
ADDRESS_TRIES, ADDRESS_WINDOW_S = 40, 900
STATION_REPORTS, STATION_WINDOW_S = 300, 3600
# Who answers the question instead of computing has paid nothing: fewer of these.
PLAIN_ADDRESS, PLAIN_STATION = 6, 60

# What the holder of a code may change in an hour.
TICKET_CHANGES = 30

CHALLENGE_LIFE = timedelta(hours=1)
# 2^15 hashes take an old phone about half a second; each bit doubles it.
LEAST_BITS, MOST_BITS = 15, 21

# A contact is kept this long at most, and is read by nobody afterwards.
CONTACT_DAYS = 180
CONTACT_LIMITS = {"name": 40, "phone": 40}

# How far a place may be off, by what is known of it (metres).
GRID_M, WORDS_M, STATION_M = 150.0, 100.0, 5000.0
GOOD_GPS_M = 100.0

STATE_WORDS = {
    "reported": N_("Received. Somebody will look at it and take it over."),
    "accepted": N_("Taken over: the police grid is working on it."),
    "closed": N_("Done."),
}


def sender(key: bytes, address: str) -> str:
    """Return under which mark the tries of an address are counted: the address itself is kept nowhere."""
    return _seal(key, f"address|{neighbourhood(address)}")[:24]


def bits_wanted(from_address: int, at_station: int) -> int:
    """Return how many leading zero bits a proof needs: one more for each doubling of the load.

    `from_address`: tries of this address in its window; `at_station`: reports of the hour.
    """
    load = max(from_address // 5, at_station // 40)
    return min(LEAST_BITS + load.bit_length(), MOST_BITS)


@dataclass(frozen=True)
class Challenge:
    """A riddle for one report: the text that is signed, its number, its end, its price."""

    text: str
    mark: str
    until: datetime
    bits: int
    answer_mark: str


def new_challenge(key: bytes, mark: str, until: datetime, bits: int, answer: int) -> Challenge:
    """Return a signed challenge. `mark` is a fresh random text; `answer` that of the plain question."""
    answer_mark = _seal(key, f"answer|{mark}|{answer}")[:16]
    body = f"{mark}.{int(until.timestamp())}.{bits}.{answer_mark}"
    text = f"{body}.{_seal(key, f'challenge|{body}')[:32]}"
    return Challenge(text, mark, until, bits, answer_mark)


def read_challenge(key: bytes, said: str, now: datetime) -> Challenge:
    """Return a challenge of ours; raise Refused 'challenge_old' for a foreign, altered or expired one."""
    parts = said.split(".")
    body = ".".join(parts[:-1])
    genuine = len(parts) == 5 and hmac.compare_digest(
        parts[-1].encode(), _seal(key, f"challenge|{body}")[:32].encode()
    )
    if not genuine:
        raise Refused("challenge_old")
    until = datetime.fromtimestamp(int(parts[1]), UTC)
    if until <= now:
        raise Refused("challenge_old")
    return Challenge(said, parts[0], until, int(parts[2]), parts[3])


def worked(challenge: Challenge, work: str) -> bool:
    """Say whether SHA-256 of "challenge:work" begins with the zero bits asked for (a hashcash)."""
    if not work.isascii() or not work.isdigit() or len(work) > 15:
        return False
    found = sha256(f"{challenge.text}:{work}".encode()).digest()
    return int.from_bytes(found, "big") >> (256 - challenge.bits) == 0


def answered(key: bytes, challenge: Challenge, answer: str) -> bool:
    """Say whether the plain question was answered rightly; full-width digits count."""
    said = tidy(answer)
    if not said.isdecimal() or len(said) > 3:
        return False
    return hmac.compare_digest(challenge.answer_mark, _seal(key, f"answer|{challenge.mark}|{int(said)}")[:16])


def case_id(key: bytes, form: UUID) -> UUID:
    """Return the case's id for a form's id: who sees the case can't make the form's code from it."""
    return UUID(bytes=hmac.digest(key, f"case|{form}".encode(), "sha256")[:16], version=4)


def tracking_code(key: bytes, form: UUID) -> str:
    """Return the tracking code of a form (63 bits and a check letter): the same form, the same code."""
    number = int.from_bytes(hmac.digest(key, f"code|{form}".encode(), "sha256"), "big")
    return from_number(number % len(LETTERS) ** (TRACKING_LENGTH - 1), TRACKING_LENGTH)


def typed_code(said: str) -> str:
    """Return a tracking code as it is kept; raise Refused 'code_mistyped' when a letter must be wrong."""
    code = tidy(said[:60])
    if not sound(code, TRACKING_LENGTH):
        raise Refused("code_mistyped")
    return code


def contact_problems(name: str, phone: str, consent: bool) -> list[Problem]:
    """Return what is wrong with contact data: no agreement, or a name that nobody can be called by."""
    problems = []
    if (name or phone) and not consent:
        problems.append(Problem("/consent", "consent_needed"))
    if name and not phone:
        problems.append(Problem("/phone", "phone_needed"))
    return problems


def _seal(key: bytes, text: str) -> str:
    return hmac.new(key, f"residents|{text}".encode(), sha256).hexdigest()
