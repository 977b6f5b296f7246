"""Counting against a plain walk from day to day, written here from the words of the reference and from nothing else."""

from __future__ import annotations

import time as stopwatch
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendars.almanac import shipped
from engine.calendars.business import BusinessCalendar, CalendarTooShort, CountryNotConfirmed, doubts
from engine.calendars.counting import day_of_receipt, forwards, moved_by_stop
from engine.calendars.model import CountryCalendar
from engine.cases.case import Halt
from engine.cases.deadlines import schedule
from engine.sop.model import DeadlineRule
from engine.values import Duration, Unit
from tests.calendars.conftest import DAYS, calendars_of_a_country, pair, people_work

MODES = ("destination", "origin", "both", "either")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def counts(mode: str, first: CountryCalendar, second: CountryCalendar, day: date) -> bool:
    here, there = people_work(first, day), people_work(second, day)
    return {"destination": here, "origin": there, "both": here and there, "either": here or there}[mode]


def walked(mode: str, first: CountryCalendar, second: CountryCalendar, start: date, count: int) -> date:
    day = start
    while count:
        day += DAY
        count -= counts(mode, first, second, day)
    return day


@st.composite
def both_countries(draw: st.DrawFn) -> tuple[CountryCalendar, CountryCalendar, date]:
    day = draw(DAYS)
    return draw(calendars_of_a_country("FR", near=day)), draw(calendars_of_a_country("AL", near=day)), day


def due_on(rule: DeadlineRule, begins: datetime, first: CountryCalendar, second: CountryCalendar, halts=()) -> datetime:
    return schedule(rule, begins, pair(first, second), halts).due_at


@settings(max_examples=150)
@given(drawn=both_countries(), count=st.integers(0, 30), mode=st.sampled_from(MODES), hour=st.integers(0, 23))
def test_a_deadline_is_where_a_walk_comes_to(drawn, count, mode, hour):
    """The local day first, its end after it, and only then the instant; read by the zone's own table."""
    first, second, day = drawn
    zone = ZoneInfo((second if mode == "origin" else first).time_zones[0])
    begins = datetime.combine(day, time(hour, 30), zone)
    begins = begins.astimezone(UTC)
    rule = DeadlineRule.model_validate({"within": f"{count} working days", "calendar": mode})

    due = due_on(rule, begins, first, second)

    end = walked(mode, first, second, begins.astimezone(zone).date(), count)
    assert due.astimezone(zone).replace(tzinfo=None) == datetime.combine(end, time(23, 59))


@given(drawn=both_countries(), count=st.integers(1, 20), mode=st.sampled_from(MODES), data=st.data())
def test_a_holiday_added_never_makes_a_deadline_earlier(drawn, count, mode, data):
    """Whoever gains a free day has at least as long."""
    first, second, day = drawn
    begins = datetime.combine(day, time(12), UTC)
    added = data.draw(st.dates(day, day + timedelta(days=60)))
    more = first.model_copy(update={"holidays": {**first.holidays, added: "announced late"}})
    rule = DeadlineRule.model_validate({"within": f"{count} working days", "calendar": mode})

    assert due_on(rule, begins, more, second) >= due_on(rule, begins, first, second)


@given(drawn=both_countries(), count=st.integers(1, 20))
def test_two_equal_calendars_make_all_modes_agree(drawn, count):
    """It is one calendar, whosoever it is said to be."""
    first, _, day = drawn
    begins = datetime.combine(day, time(12), UTC)

    ends = {
        due_on(DeadlineRule.model_validate({"within": f"{count} working days", "calendar": mode}), begins, first, first)
        for mode in MODES
    }

    assert len(ends) == 1


Spell = tuple[date, date]
"""A suspension: the day on which the clock stopped, and the one on which it went on."""


def ran_out(mode, first, second, start: date, count: int, spells: list[Spell]) -> date:
    """Count down one for each counted day on which the clock runs, as somebody would on a wall calendar.

    The day on which it stops has run, the day on which it goes on has not. Stopped within its very last day, it lasts to the
    end of the day on which it goes on.
    """
    day = start
    while True:
        if count == 0:
            last = next((until for since, until in spells if since == day), None)
            if last is None or last == day:
                return day
            day = last
            continue
        day += DAY
        count -= counts(mode, first, second, day) and not any(since < day <= until for since, until in spells)


def halts_of(spells: list[Spell], zone: ZoneInfo) -> list[Halt]:
    return [
        Halt(n, datetime.combine(since, time(12), zone), datetime.combine(until, time(13), zone), "hospital")
        for n, (since, until) in enumerate(spells)
    ]


@st.composite
def spells(draw: st.DrawFn, start: date) -> list[Spell]:
    found: list[Spell] = []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 20)), max_size=3)):
        since = (found[-1][1] if found else start - DAY) + gap * DAY
        found.append((since, since + length * DAY))
    return found


@settings(max_examples=200)
@given(drawn=both_countries(), count=st.integers(1, 15), mode=st.sampled_from(MODES), data=st.data())
def test_a_suspension_keeps_what_was_left(drawn, count, mode, data):
    """The deadline is where a clock runs out that somebody stops and lets go on, day by day."""
    first, second, day = drawn
    zone = ZoneInfo((second if mode == "origin" else first).time_zones[0])
    stopped = data.draw(spells(day))
    rule = DeadlineRule.model_validate({"within": f"{count} working days", "calendar": mode})

    due = due_on(rule, datetime.combine(day, time(11), zone), first, second, halts_of(stopped, zone))

    expected = ran_out(mode, first, second, day, count, stopped)
    assert due.astimezone(zone).replace(tzinfo=None) == datetime.combine(expected, time(23, 59))


@given(drawn=both_countries(), count=st.integers(2, 15), wait=st.integers(0, 1), length=st.integers(0, 30))
def test_stopping_for_k_counted_days_moves_it_by_exactly_k(drawn, count, wait, length):
    """Neither a day is lost nor one won, as long as a day was left."""
    first, second, day = drawn
    zone = ZoneInfo(first.time_zones[0])
    since, until = day + wait * DAY, day + (wait + length) * DAY
    rule = DeadlineRule.model_validate({"within": f"{count} working days"})
    begins = datetime.combine(day, time(11), zone)
    business = BusinessCalendar(first)

    without = due_on(rule, begins, first, second).astimezone(zone).date()
    with_stop = due_on(rule, begins, first, second, halts_of([(since, until)], zone)).astimezone(zone).date()

    assert business.add(without, sum(people_work(first, since + n * DAY) for n in range(1, length + 1))) == with_stop


@given(drawn=both_countries(), count=st.integers(1, 15), data=st.data())
def test_counting_again_after_a_late_holiday_equals_having_known_it(drawn, count, data):
    """A deadline keeps nothing of the calendar by which it was counted first; suspended or not."""
    first, second, day = drawn
    zone = ZoneInfo(first.time_zones[0])
    stopped = data.draw(spells(day))
    late = data.draw(st.dates(day, day + timedelta(days=40)))
    known = first.model_copy(update={"holidays": {**first.holidays, late: "late"}, "worked_days": {}})
    rule = DeadlineRule.model_validate({"within": f"{count} working days"})

    again = due_on(rule, datetime.combine(day, time(11), zone), known, second, halts_of(stopped, zone))

    assert again.astimezone(zone).date() == ran_out("destination", known, second, day, count, stopped)


@given(day=DAYS, length=st.integers(1, 60), since=st.integers(0, 70), days=st.integers(0, 30))
def test_calendar_days_and_hours_keep_what_was_left_too(day, length, since, days):
    """Calendar days move by the days it stood, hours by the time to the second; what has run out stays where it was."""
    calendars = shipped().between("FR", "AL")
    begins = datetime.combine(day, time(9), UTC)
    halt = Halt(1, begins + timedelta(days=since), begins + timedelta(days=since + days), "document")
    by_days = DeadlineRule.model_validate({"within": f"{length} days"})
    by_hours = DeadlineRule.model_validate({"within": f"{length} hours"})
    moved = days * DAY if since <= length else timedelta()

    plain, stopped = (schedule(by_days, begins, calendars, halts).due_at for halts in ((), (halt,)))
    assert local_day(stopped) - local_day(plain) == moved

    hours = schedule(by_hours, begins, calendars, (halt,)).due_at - begins
    assert hours == timedelta(hours=length) + (days * DAY if since * 24 < length else timedelta())


def local_day(instant: datetime) -> date:
    return instant.astimezone(ZoneInfo("Europe/Paris")).date()


def test_a_pause_within_a_suspension_adds_nothing():
    """The clock stood still already."""
    begins = datetime(2026, 3, 2, 9, tzinfo=UTC)
    calendars = shipped().between("FR", "AL")
    rule = DeadlineRule.model_validate({"within": "5 working days"})
    stop = Halt(1, begins + DAY, begins + 10 * DAY, "hospital")
    pause = Halt(2, begins + 3 * DAY, begins + 5 * DAY, "pause")

    assert schedule(rule, begins, calendars, (stop, pause)) == schedule(rule, begins, calendars, (stop,))


# ── From a cut-off hour on ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("begins", "due"),
    [
        ("2026-03-06 16:00", "2026-03-09"),  # Friday, exactly at the cut-off: in time
        ("2026-03-06 16:01", "2026-03-10"),  # Friday evening counts as Monday
        ("2026-03-07 10:00", "2026-03-10"),  # Saturday too, never earlier than Friday evening
        ("2026-03-09 09:00", "2026-03-10"),
    ],
)
def test_what_comes_after_the_cut_off_counts_as_of_the_next_working_day(begins, due):
    """One working day from the morning on which it counts as received."""
    rule = DeadlineRule.model_validate({"within": "1 working day", "cut_off": "16:00"})
    local = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo("Europe/Paris"))

    assert local_day(schedule(rule, local, shipped().between("FR", "AL")).due_at).isoformat() == due


@given(drawn=both_countries(), hours=st.lists(st.integers(0, 24 * 20), min_size=2, max_size=2))
def test_with_a_cut_off_too_what_comes_later_is_never_due_earlier(drawn, hours):
    """No hour of the week is a trick."""
    first, second, day = drawn
    begins = sorted(datetime.combine(day, time(0), UTC) + timedelta(hours=one) for one in hours)
    rule = DeadlineRule.model_validate({"within": "3 working days", "cut_off": "closing"})

    earlier, later = (due_on(rule, one, first, second) for one in begins)

    assert earlier <= later


def test_the_end_of_office_hours_is_a_cut_off_and_a_half_day_ends_early():
    """24 December until noon: what comes at one o'clock counts as of the next working day."""
    known = CountryCalendar.model_validate(
        {
            "calendar": "FR",
            "status": "not confirmed",
            "time_zones": ("Europe/Paris",),
            "weekend": ("sat", "sun"),
            "office_hours": {"opens": "09:00", "closes": "17:00"},
            "half_days": {"2026-12-24": {"name": "Christmas Eve", "closes": "12:00"}},
            "holidays": {"2026-12-25": "Christmas"},
            "years": {"first": 2026, "last": 2026},
        }
    )
    days = BusinessCalendar(known)

    assert day_of_receipt(datetime(2026, 12, 23, 13), "closing", days) == date(2026, 12, 23)
    assert day_of_receipt(datetime(2026, 12, 24, 12), "closing", days) == date(2026, 12, 24)
    assert day_of_receipt(datetime(2026, 12, 24, 13), "closing", days) == date(2026, 12, 28)


def test_without_office_hours_no_closing_is_guessed():
    """The shipped calendars have none: no source confirms any."""
    with pytest.raises(CountryNotConfirmed, match="office hours of FR"):
        day_of_receipt(datetime(2026, 3, 2, 13), "closing", shipped().calendar_of("FR"))


# ── Clocks that change ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("country", ["FR", "AL", "UA", "MA", "GR", "ES", "TR", "EG", "BR", "US"])
def test_every_day_of_nine_years_ends_when_the_zone_says_so(country):
    """Every change of summer time and of Morocco's Ramadan: a calendar day later is 23:59 on the clocks of that place."""
    calendars = shipped().between(country, "AL")
    zone = ZoneInfo(calendars.destination.zone.key)
    rule = DeadlineRule.model_validate({"within": "1 day"})
    day = date(2024, 1, 1)
    while day < date(2032, 12, 30):
        begins = datetime.combine(day, time(12), zone)
        due = schedule(rule, begins, calendars).due_at

        assert due == datetime.combine(day + DAY, time(23, 59), zone).astimezone(UTC)
        day += DAY


@pytest.mark.parametrize("name", sorted(zoneinfo.available_timezones() - {"localtime"}))
def test_around_every_change_of_every_zone_a_day_ends_on_its_clocks(name):
    """2024 to 2032, wherever clocks change: a day ends at 23:59 there, and 24 hours are 24 hours."""
    zone = ZoneInfo(name)
    known = CountryCalendar.model_validate(
        {
            "calendar": "FR",
            "status": "not confirmed",
            "time_zones": (name,),
            "weekend": ("sat", "sun"),
            "years": {"first": 2023, "last": 2033},
        }
    )
    calendars = pair(known, known)
    by_days, by_hours = (DeadlineRule.model_validate({"within": length}) for length in ("1 day", "24 hours"))
    midnight, offset = datetime(2024, 1, 1, tzinfo=UTC), None
    while midnight.year < 2033:
        offset, before = midnight.astimezone(zone).utcoffset(), offset
        if before not in (None, offset):
            for begins in (midnight - 36 * HOUR, midnight - 24 * HOUR, midnight - 13 * HOUR):
                due = schedule(by_days, begins, calendars).due_at
                shown = due.astimezone(zone)

                assert shown.date() == begins.astimezone(zone).date() + DAY
                assert shown.time().replace(second=0, microsecond=0) == time(23, 59)
                assert (due - HOUR).astimezone(zone).time() != shown.time()  # the first, where it comes twice
                assert schedule(by_hours, begins, calendars).due_at - begins == 24 * HOUR
        midnight += DAY


def test_a_deadline_over_ramadan_ends_on_moroccan_clocks():
    """In 2026 the clocks of Casablanca stand an hour back from 15 February to 22 March."""
    calendars = shipped().between("FR", "MA")
    rule = DeadlineRule.model_validate({"within": "1 day", "calendar": "origin"})

    before, during = (
        schedule(rule, datetime(2026, month, day, 12, tzinfo=UTC), calendars).due_at
        for month, day in ((2, 10), (2, 20))
    )

    assert (before.hour, during.hour) == (22, 23)


def test_a_country_of_several_zones_is_read_in_the_one_of_its_capital():
    """The others are named in its file."""
    spain = shipped().calendar_of("ES")

    assert spain.zone.key == "Europe/Madrid"
    assert set(spain.known.time_zones) == {"Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary"}


# ── What is not certain ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_weekend_that_is_not_confirmed_is_never_guessed_and_calendar_days_are_still_counted():
    """Working days can't be counted in Niger; thirty days can."""
    niger = shipped().calendar_of("NE")
    with pytest.raises(CountryNotConfirmed, match="weekend of NE"):
        niger.add(date(2026, 3, 2), 1)

    assert forwards(Duration(30, Unit.DAY), date(2026, 3, 2), niger) == date(2026, 4, 1)


def test_what_a_date_rests_on_is_said():
    """An estimate that lies within, on a day that would count; a calendar that is not confirmed."""
    morocco, ukraine = (shipped().calendar_of(one) for one in ("MA", "UA"))

    assert doubts(morocco, date(2026, 3, 2), date(2026, 3, 10)) == ()
    assert doubts(morocco, date(2026, 3, 2), date(2026, 3, 30)) == (
        "Eid al-Fitr in MA on 2026-03-20 is an estimate until it is announced",
    )
    assert "not confirmed" in doubts(ukraine, date(2026, 3, 2), date(2026, 3, 3))[0]


def test_beyond_the_known_years_nothing_is_counted():
    """Neither a suspension nor a count makes days of years that are not known."""
    with pytest.raises(CalendarTooShort, match="2035"):
        moved_by_stop(
            Unit.WORKING_DAY, date(2035, 12, 20), date(2035, 12, 1), date(2035, 12, 2), date(2036, 2, 1),
            shipped().calendar_of("FR"),
        )  # fmt: skip


def test_a_deadline_over_two_calendars_is_counted_in_microseconds():
    """Thirty working days of both countries; the bound is wide of the twenty that are wanted, for machines are shared."""
    calendars = shipped().between("FR", "MA")
    rule = DeadlineRule.model_validate({"within": "30 working days", "calendar": "both"})
    begins = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=7 * n) for n in range(1000)]
    for one in begins:
        schedule(rule, one, calendars)

    started = stopwatch.perf_counter()
    for one in begins:
        schedule(rule, one, calendars)

    assert (stopwatch.perf_counter() - started) / len(begins) < 100e-6
