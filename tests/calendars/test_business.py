"""Working days of real countries, one and two together, against a plain walk from day to day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.almanac import CountryNotConfirmed, shipped
from engine.calendars.business import CalendarTooShort, WorkingDays
from engine.errors import WrongUse

DAYS = st.dates(date(2025, 1, 1), date(2027, 6, 30))
BETWEEN = shipped().between("FR", "AL")


def walked(days: WorkingDays, start: date, count: int, step: int) -> date:
    day = start
    while count:
        day += timedelta(days=step)
        count -= days.is_working_day(day)
    return day


@given(start=DAYS, count=st.integers(0, 60), whose=st.sampled_from(["destination", "origin", "both", "either"]))
def test_counting_agrees_with_walking(start, count, whose):
    """Forwards and backwards, in each country, in both and in either."""
    days = BETWEEN.counted_in(whose)

    assert days.add(start, count) == (walked(days, start, count, 1) if count else start)
    assert days.subtract(start, count) == (walked(days, start, count, -1) if count else start)


@given(day=DAYS)
def test_both_and_either_are_what_they_say(day):
    """A day of both is a working day here and there; of either, here or there."""
    here, there = BETWEEN.destination.is_working_day(day), BETWEEN.origin.is_working_day(day)

    assert BETWEEN.both.is_working_day(day) == (here and there)
    assert BETWEEN.either.is_working_day(day) == (here or there)


def test_feasts_of_each_country_are_known():
    """14 July is free in Paris, 28 November in Tirana; not the other way round."""
    assert not BETWEEN.destination.is_working_day(date(2026, 7, 14))
    assert BETWEEN.origin.is_working_day(date(2026, 7, 14))
    assert not BETWEEN.origin.is_working_day(date(2025, 11, 28))
    assert BETWEEN.destination.is_working_day(date(2025, 11, 28))


def test_a_country_that_is_not_confirmed_is_never_guessed():
    """A guessed weekend would move deadlines."""
    with pytest.raises(CountryNotConfirmed):
        shipped().calendar_of("ZZ")
    with pytest.raises(WrongUse):
        BETWEEN.counted_in("mine")


def test_beyond_the_known_years_is_an_error():
    """Not a day without holidays."""
    with pytest.raises(CalendarTooShort, match="FR"):
        shipped().calendar_of("FR").add(date(2199, 1, 1), 1)
