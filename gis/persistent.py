"""A mapping that shares what did not change with the one it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isqrt
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Persistent(Mapping[K, V]):
    """A mapping that never changes; `changed` gives a new one at a cost of about the root of its size.

    A large dictionary is shared by many versions, and each version has a small one of its own on top.
    When the small one outgrows four times the root of the large one, both become one.
    """

    __slots__ = ("_base", "_gone", "_over")

    def __init__(self, entries: Mapping[K, V] | None = None) -> None:
        self._base: dict[K, V] = dict(entries or {})
        self._over: dict[K, V] = {}
        self._gone: frozenset[K] = frozenset()

    def changed(self, entries: Mapping[K, V], gone: Iterable[K] = ()) -> Persistent[K, V]:
        """Return the mapping with some entries new and others gone; keys that are not there may be gone."""
        over = {**self._over, **entries}
        lost = {key for key in gone if key not in entries}
        for key in lost:
            over.pop(key, None)
        hidden = (self._gone - entries.keys()) | {key for key in lost if key in self._base}
        made: Persistent[K, V] = Persistent.__new__(Persistent)
        made._base, made._over, made._gone = self._base, over, frozenset(hidden)
        if len(over) + len(hidden) > 64 + 4 * isqrt(len(self._base)):
            whole = {**self._base, **over}
            for key in hidden:
                del whole[key]
            made._base, made._over, made._gone = whole, {}, frozenset()
        return made

    def __getitem__(self, key: K) -> V:
        """Return the newest value of a key."""
        if key in self._over:
            return self._over[key]
        if key in self._gone:
            raise KeyError(key)
        return self._base[key]

    def __iter__(self) -> Iterator[K]:
        """Yield the keys: those of long ago first."""
        yield from (key for key in self._base if key not in self._gone)
        yield from (key for key in self._over if key not in self._base)

    def __len__(self) -> int:
        """Return the number of entries."""
        fresh = sum(1 for key in self._over if key not in self._base)
        return len(self._base) + fresh - len(self._gone)

    def __repr__(self) -> str:
        """Show it as a dictionary."""
        return f"Persistent({dict(self)!r})"
