"""When it reminds, falls due and escalates: local calendar first, UTC last."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.almanac import shipped
from engine.cases.deadlines import age_in_days, instant_after, instant_before, schedule, wait_until
from engine.clock import zone
from engine.sop.model import Calendar, DeadlineRule
from engine.values import Duration

PAIR = shipped().between("FR", "AL")
PARIS = zone("Europe/Paris")


def rule(**words: object) -> DeadlineRule:
    return DeadlineRule.model_validate(words)


def local(instant: datetime) -> str:
    return instant.astimezone(PARIS).strftime("%Y-%m-%d %H:%M")


def test_working_days_skip_weekends_and_feasts():
    """Ten working days from Thursday 30 April 2026 in France, over 1, 8 and 14 May (Ascension), end on Tuesday 19 May."""
    made = schedule(rule(within="10 working days"), datetime(2026, 4, 30, 9, 0, tzinfo=UTC), PAIR)

    assert local(made.due_at) == "2026-05-19 23:59"


def test_reminders_come_at_nine_and_in_order():
    """Before, at and after; the escalation two working days later, in the same calendar."""
    wanted = rule(
        within="5 working days",
        remind=["2 working days before", "1 day after"],
        escalate=[{"after": "2 working days", "to": ["boss"]}],
    )

    made = schedule(wanted, datetime(2026, 3, 2, 9, 0, tzinfo=UTC), PAIR)

    assert [(local(one.at), one.kind) for one in made.alarms] == [
        ("2026-03-05 09:00", "remind"),
        ("2026-03-09 23:59", "due"),
        ("2026-03-10 09:00", "remind"),
        ("2026-03-11 09:00", "escalate"),
    ]


def test_summer_time_does_not_move_a_morning():
    """Nine in the morning is nine in the morning before and after 29 March 2026."""
    made = schedule(
        rule(within="4 days", remind=["3 days before", "1 day before"]), datetime(2026, 3, 27, 8, tzinfo=UTC), PAIR
    )

    assert [local(one.at)[-5:] for one in made.alarms] == ["09:00", "09:00", "23:59"]


def test_a_reminder_that_would_lie_before_the_beginning_is_left_out():
    """Nobody is reminded of what has not begun."""
    made = schedule(rule(within="2 days", remind=["5 days before"]), datetime(2026, 3, 2, 12, tzinfo=UTC), PAIR)

    assert [one.kind for one in made.alarms] == ["due"]


@given(start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC)), days=st.integers(1, 40))
def test_what_is_due_lies_after_its_beginning_and_its_alarms_are_in_order(start, days):
    """For every beginning and length, in every calendar."""
    for calendar in Calendar:
        made = schedule(
            rule(within=f"{days} working days", calendar=calendar, remind=["1 working day before"]), start, PAIR
        )
        times = [one.at for one in made.alarms]

        assert made.due_at > start
        assert times == sorted(times)
        assert all(one >= start for one in times)


@pytest.mark.parametrize(
    ("length", "start", "end"),
    [
        ("1 month", date(2026, 1, 31), "2026-02-28"),
        ("1 month", date(2028, 1, 31), "2028-02-29"),
        ("2 weeks", date(2026, 3, 2), "2026-03-16"),
    ],
)
def test_months_end_with_the_month(length, start, end):
    """A month that is too short gives its last day."""
    assert local(instant_after(Duration.parse(length), start, PAIR, Calendar.DESTINATION))[:10] == end


def test_hours_are_elapsed_time():
    """24 hours over the change to summer time are 24 hours."""
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert instant_after(Duration.parse("24 hours"), start, PAIR, Calendar.DESTINATION) == start + timedelta(hours=24)
    assert instant_before(Duration.parse("24 hours"), start, PAIR, Calendar.DESTINATION) == start - timedelta(hours=24)


def test_a_form_of_exactly_so_many_days_still_counts():
    """Age is counted in days of the destination's calendar, from midnight to midnight."""
    assert age_in_days(date(2026, 3, 1), datetime(2026, 3, 31, 21, 59, tzinfo=UTC), PARIS) == 30
    assert age_in_days(date(2026, 3, 1), datetime(2026, 3, 31, 22, 1, tzinfo=UTC), PARIS) == 31


def test_a_wait_is_over_when_its_day_begins():
    """Seven days since Monday noon are over on the next Monday at midnight, not at noon."""
    assert local(wait_until(Duration.parse("7 days"), datetime(2026, 3, 2, 11, tzinfo=UTC), PAIR)) == "2026-03-09 00:00"
