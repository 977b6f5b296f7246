"""The time of day as something handed in, and the time zones that count.

Nobody below the faces asks the system for the time: a `Clock` comes in, and tests bring a `FixedClock`. Time zone rules
come from the pinned package `tzdata` alone, because a system's own file may be years older and would send a reminder to
Morocco an hour late. Terms: docs/glossary.md, "clock".
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

from engine.errors import WrongUse


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests, rehearsals and the demo."""

    def __init__(self, at: datetime) -> None:
        self._at = _in_utc(at)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move on by `by`, which is not negative; raises ValueError if it is."""
        if by < timedelta():
            raise ValueError("a clock is advanced forwards; use move_to to set it back")
        self._at += by

    def move_to(self, at: datetime) -> None:
        """Set the clock to `at`, an aware instant; raises ValueError if it has no time zone."""
        self._at = _in_utc(at)


def _in_utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"an instant without time zone: {at!r}")
    return at.astimezone(UTC)


def pin_time_zones() -> None:
    """Make this process read time zones from the package `tzdata` only. May be called again without harm.

    Called first in every process, so that no zone is made from the system's files before.
    """
    if zoneinfo.TZPATH:
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()


@cache
def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the IANA time zone `name`, e.g. "Europe/Tirane"; made once, from the package `tzdata`.

    Raises:
        WrongUse: there is no zone of that name.
    """
    pin_time_zones()
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongUse(f'"{name}" is not a time zone: one looks like Europe/Paris') from None


def instant_of(local: datetime, where: zoneinfo.ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the clocks of `where` show `local` (a naive wall-clock time).

    A time that the clocks skip in spring counts as the first valid instant after it; one that they show twice in autumn
    counts as its first occurrence.

    >>> instant_of(datetime(2026, 3, 29, 2, 30), zone("Europe/Paris")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    earlier = local.replace(tzinfo=where, fold=0)
    before, after = earlier.utcoffset() or timedelta(), earlier.replace(fold=1).utcoffset() or timedelta()
    if before < after:
        return _first_instant_with(after, local - after, local - before, where)
    return (local - before).replace(tzinfo=UTC)


def _first_instant_with(offset: timedelta, low: datetime, high: datetime, where: zoneinfo.ZoneInfo) -> datetime:
    """Search the second at which `where` takes up `offset`, between two naive UTC times around the change."""
    start, span = low.replace(microsecond=0, tzinfo=UTC), int((high - low).total_seconds()) + 1
    first, last = 0, span
    while first < last:
        middle = (first + last) // 2
        if (start + timedelta(seconds=middle)).astimezone(where).utcoffset() == offset:
            last = middle
        else:
            first = middle + 1
    return start + timedelta(seconds=first)
