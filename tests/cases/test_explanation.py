"""Why a date: each day with what it counts as, walked apart from the arithmetic and coming to the same day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from engine.calendars.almanac import shipped
from engine.cases.case import Halt, Resume, Suspend
from engine.cases.clocks import Clock, clocks
from engine.cases.deadlines import schedule
from engine.cases.explanation import day_by_day
from engine.sop.model import Calendar, DeadlineRule
from engine.values import Duration
from tests.cases.conftest import Play
from tests.cases.test_suspension import PROCEDURE

PAIR = shipped().between("FR", "MA")
PARIS = ZoneInfo("Europe/Paris")


def clock(origin: datetime | date, length: str, calendar: Calendar = Calendar.DESTINATION, cut_off: str | None = None,
          halts: tuple[Halt, ...] = (), *, is_backwards: bool = False) -> Clock:  # fmt: skip
    days = PAIR.counted_in(calendar)
    return Clock(
        "work", "due", Duration.parse(length), is_backwards, calendar, cut_off, origin, "entering the step", days, halts
    )


def lines(one: Clock, **rule: object) -> list[tuple[str, int | None, str]]:
    wanted = DeadlineRule.model_validate({"calendar": one.calendar, **rule})
    assert one.origin is not None
    due = schedule(wanted, one.origin, PAIR, one.halts).due_at
    return [(line.day.isoformat()[5:], line.counted, line.why) for line in day_by_day(one, due)]


def test_a_weekend_and_a_feast_are_named_with_their_country():
    """Days of both: a feast in Morocco does not count in France either, and it is said that it is an estimate."""
    monday = datetime(2026, 3, 18, 10, tzinfo=UTC)

    found = lines(clock(monday, "2 working days", Calendar.BOTH), within="2 working days")

    assert found == [
        ("03-18", None, "counts as of this day (entering the step); the day itself is not counted"),
        ("03-19", 1, ""),
        ("03-20", None, "holiday in MA: Eid al-Fitr (estimated)"),
        ("03-21", None, "weekend in FR; holiday in MA: Eid al-Fitr (estimated)"),
        ("03-22", None, "weekend in FR; weekend in MA"),
        ("03-23", 2, "the last day"),
    ]


def test_what_came_after_the_cut_off_says_as_of_when_it_counts():
    """Friday evening, the weekend, and Monday on which it counts as received."""
    friday = datetime(2026, 3, 6, 18, tzinfo=PARIS)

    found = lines(clock(friday, "1 working day", cut_off="16:00"), within="1 working day", cut_off="16:00")

    assert [(day, counted) for day, counted, _ in found] == [
        ("03-06", None),
        ("03-07", None),
        ("03-08", None),
        ("03-09", None),
        ("03-10", 1),
    ]
    assert found[0][2] == "entering the step, after the cut-off or on a free day"


def test_hours_are_explained_by_what_the_clocks_do_in_between():
    """Forty-eight hours over the change to summer time end an hour later on the clock."""
    saturday = datetime(2026, 3, 28, 12, tzinfo=PARIS)

    found = lines(clock(saturday, "48 hours"), within="48 hours")

    assert [why for _, _, why in found] == [
        "begins with entering the step: 48 hours of elapsed time from here",
        "the clocks of Europe/Paris change; elapsed time does not",
        "ends at 13:00",
    ]


def test_days_before_a_date_are_counted_back():
    """Two working days before Monday 9 March are Thursday."""
    found = day_by_day(
        clock(date(2026, 3, 9), "2 working days", is_backwards=True), datetime(2026, 3, 5, 22, 59, tzinfo=UTC)
    )

    assert [(line.day.day, line.counted) for line in found] == [(9, None), (8, None), (7, None), (6, 1), (5, 2)]


@given(
    begins=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    count=st.integers(1, 20),
    calendar=st.sampled_from(Calendar),
    cut_off=st.sampled_from([None, "16:00"]),
    stop=st.one_of(st.none(), st.tuples(st.integers(1, 10), st.integers(1, 30))),
)
def test_the_last_day_of_the_explanation_is_the_day_of_the_deadline(begins, count, calendar, cut_off, stop):
    """And as many days are counted as the rule says, whatever lies in between."""
    days = PAIR.counted_in(calendar)
    halts = ()
    if stop is not None:
        since = begins + timedelta(days=stop[0])
        halts = (Halt(1, since, since + timedelta(days=stop[1]), "hospital"),)
    one = clock(begins, f"{count} working days", calendar, cut_off, halts)
    rule = DeadlineRule.model_validate({"within": f"{count} working days", "calendar": calendar, "cut_off": cut_off})
    due = schedule(rule, begins, PAIR, halts).due_at

    found = day_by_day(one, due)

    assert found[-1].day == due.astimezone(days.zone).date()
    assert max((line.counted or 0) for line in found) == count


def test_the_clocks_of_a_case_are_those_that_have_rows():
    """Deadline and timed action of the step at hand; the deadline with the suspension it lived through."""
    told = Play(PROCEDURE)._does(Suspend("work", "hospital", "w")).later(days=9)._does(Resume("work", "w"))

    running = clocks(told.sop, told.case, told.facts, told.now)

    assert running.keys() == {("work", "due"), ("work", "lapse")}
    assert [one.reason for one in running["work", "due"].halts] == ["hospital"]
    assert running["work", "lapse"].halts == ()
    for (step, name), one in running.items():
        assert day_by_day(one, told.due()[f"{step}/{name}"])[-1].why == "the last day"
