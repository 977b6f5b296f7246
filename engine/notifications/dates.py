"""Dates for a reader's own calendar, as iCalendar (RFC 5545): when something is due, and no word of what or where.

An entry has a constant title, at most with the case's reference, no place and no description: a calendar is shown on locked
phones, and is copied to services that nobody chose with a case in mind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar, Event

PRODUCT = "-//Passerelle//Dates//EN"


@dataclass(frozen=True, slots=True)
class Date:
    """One entry: `id` stays the same when the date moves, so that the entry moves too; `ref` is empty where none may be named."""

    id: str
    due_at: datetime
    ref: str = ""


def as_icalendar(dates: Iterable[Date], title: str, now: datetime) -> str:
    """Return the dates as the text of an .ics file, lines ended by CRLF.

    Args:
        title: the constant title of every entry.
        now: when it was made (aware).
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for date in dates:
        entry = Event()
        entry.add("uid", date.id)
        entry.add("dtstamp", now)
        entry.add("dtstart", date.due_at)
        entry.add("duration", timedelta(0))
        entry.add("summary", f"{title} – {date.ref}" if date.ref else title)
        entry.add("class", "PRIVATE")
        entry.add("transp", "TRANSPARENT")
        calendar.add_component(entry)
    written: bytes = calendar.to_ical()
    return written.decode()
