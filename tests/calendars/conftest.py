"""Random calendars: any weekend, holidays anywhere, in zones whose clocks change at different times."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from engine.calendars.business import BusinessCalendar, Calendars
from engine.calendars.model import CountryCalendar, Weekday

FIRST, LAST = date(2024, 1, 1), date(2032, 12, 31)
ZONES = ("Europe/Paris", "Europe/Kyiv", "Europe/Tirane", "Africa/Casablanca", "Atlantic/Canary", "Asia/Kathmandu")
DAYS = st.dates(FIRST, LAST - timedelta(days=400))
"""Days from which a deadline of some weeks stays within the years of a random calendar."""


@st.composite
def calendars_of_a_country(draw: st.DrawFn, code: str = "FR", near: date | None = None) -> CountryCalendar:
    """Draw a calendar; `near`: its holidays lie in the weeks after this day, where they matter."""
    around = (near or FIRST, min(LAST, (near or FIRST) + timedelta(days=90))) if near else (FIRST, LAST)
    weekend = draw(st.sets(st.sampled_from(list(Weekday)), max_size=3))
    holidays = draw(st.sets(st.dates(*around), max_size=20))
    free = {day.number for day in weekend}
    worked = {day for day in draw(st.sets(st.dates(*around), max_size=20)) if day.weekday() in free} - holidays
    return CountryCalendar.model_validate(
        {
            "calendar": code,
            "status": "not confirmed",
            "time_zones": (draw(st.sampled_from(ZONES)),),
            "weekend": tuple(sorted(weekend, key=lambda day: day.number)),
            "years": {"first": 2024, "last": 2032},
            "holidays": dict.fromkeys(sorted(holidays), "a holiday"),
            "worked_days": dict.fromkeys(sorted(worked), "work"),
            "office_hours": {"opens": "09:00", "closes": "17:00"},
        }
    )


def pair(first: CountryCalendar, second: CountryCalendar) -> Calendars:
    return Calendars(BusinessCalendar(first), BusinessCalendar(second))


def people_work(known: CountryCalendar, day: date) -> bool:
    """Say, from the file alone and in its own words, whether a day is a working day."""
    if day in known.holidays:
        return False
    return day in known.worked_days or day.strftime("%a").lower() not in set(known.weekend or ())
