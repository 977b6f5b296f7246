"""The time of day as something handed in; zones from the pinned package alone."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import FixedClock, instant_of, zone
from engine.errors import WrongUse


def test_a_fixed_clock_stands_still_until_it_is_moved():
    """Forwards by a length, anywhere by an instant; never without a zone."""
    clock = FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
    clock.advance(timedelta(hours=1))

    assert clock.now() == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="without time zone"):
        clock.move_to(datetime(2026, 3, 2, 8, 0))


def test_zones_come_from_the_pinned_package():
    """The system's files are not looked at."""
    zone("Europe/Tirane")

    assert zoneinfo.TZPATH == ()
    with pytest.raises(WrongUse, match="not a time zone"):
        zone("Europe/Nowhere")


@pytest.mark.parametrize(
    ("place", "local", "utc"),
    [
        ("Europe/Paris", datetime(2026, 3, 29, 2, 30), "2026-03-29T01:00:00"),
        ("Europe/Paris", datetime(2026, 10, 25, 2, 30), "2026-10-25T00:30:00"),
        ("Africa/Casablanca", datetime(2026, 2, 1, 9, 0), "2026-02-01T08:00:00"),
        ("Africa/Casablanca", datetime(2026, 3, 1, 9, 0), "2026-03-01T09:00:00"),
    ],
)
def test_a_local_time_becomes_one_instant(place, local, utc):
    """Skipped hours are the first valid instant, double ones the first; Morocco's Ramadan time is known."""
    assert instant_of(local, zone(place)).isoformat()[:19] == utc
