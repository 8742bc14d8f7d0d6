"""Short codes that people read, type and say: letters without look-alikes, and a check letter at the end."""

from __future__ import annotations

import unicodedata

# Neither 0 nor O, 1 nor I nor L, 2 nor Z, 5 nor S, 8 nor B, U nor V: 23 signs, 4.52 bits each. A prime, so
# the check letter finds each single wrong letter and each two exchanged ones.
LETTERS = "34679ACDEFGHJKMNPQRTWXY"

PLACE_LENGTH = 8
# 14 free letters are 63 bits.
TRACKING_LENGTH = 15


def with_check(free: str) -> str:
    """Return a code of LETTERS with its check letter: the sum of position (from 2) times value, modulo 23."""
    total = sum(place * LETTERS.index(letter) for place, letter in enumerate(free, 2))
    return free + LETTERS[total % len(LETTERS)]


def from_number(number: int, length: int) -> str:
    """Return the code of `length` letters (the check letter among them) that a large number stands for."""
    free = ""
    for _place in range(length - 1):
        number, rest = divmod(number, len(LETTERS))
        free += LETTERS[rest]
    return with_check(free)


def tidy(said: str) -> str:
    """Return a code as it is kept, from what somebody typed: full-width, small letters, spaces, dashes."""
    return "".join(c for c in unicodedata.normalize("NFKC", said).upper() if c.isalnum())


def sound(code: str, length: int) -> bool:
    """Say whether a tidy code has the right length, only our letters, and the right check letter."""
    return len(code) == length and all(letter in LETTERS for letter in code) and with_check(code[:-1]) == code


def shown(code: str) -> str:
    """Return a code in groups that can be read aloud: of four letters for places, of five for tracking."""
    size = 4 if len(code) == PLACE_LENGTH else 5
    return "-".join(code[at : at + size] for at in range(0, len(code), size))
