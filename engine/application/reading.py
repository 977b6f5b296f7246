"""When a message reaches its reader: at once, in the reader's morning, or with the list of the day.

What is counted in hours, and the word to stop, leave at once. A reminder or an escalation waits until its reader is at work: from
09:00 to 18:00 on a working day of the reader's country, by its clocks. Whoever wants one list a day gets everything else
with it, at 09:00. The moment is asked again with every try, so that a machine that comes back at three in the morning wakes nobody.
Terms: docs/glossary.md, "letter", "list of the day".
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from engine.application.ports import Message, Recipient
from engine.calendars.almanac import Almanac
from engine.calendars.business import CalendarTooShort, CountryNotConfirmed
from engine.clock import instant_of, zone
from engine.values import MessageKind

BEGIN: Final = time(9, 0)
END: Final = time(18, 0)

LADDER: Final = frozenset({MessageKind.REMINDER, MessageKind.ESCALATION, MessageKind.DIGEST})
"""What time alone brings forth: it can wait for the morning, and several leave as one letter."""

_MOST_FREE_DAYS: Final = 60
"""Longer than any country's longest run of free days; a calendar that has more is wrong, and holds nobody's message back."""


class ReadingHours:
    """Knows when a reader is at work."""

    def __init__(self, almanac: Almanac) -> None:
        self._almanac = almanac

    def moment(self, message: Message, reader: Recipient, now: datetime) -> datetime:
        """Return from when on (UTC) this message may leave; `now` where it may leave now."""
        if message.urgent or message.template == "stop":
            return now
        if reader.daily:
            return self.at_work(reader, max(now, self._morning(reader, message.queued_at)))
        return self.at_work(reader, now) if message.kind in LADDER else now

    def at_work(self, reader: Recipient, now: datetime) -> datetime:
        """Return `now` if the reader is at work, else the next morning of a working day."""
        local = now.astimezone(zone(reader.zone))
        if self._is_worked(reader.country, local.date()) and BEGIN <= local.time() < END:
            return now
        return self._morning(reader, now)

    def week_begins(self, reader: Recipient, now: datetime) -> datetime:
        """Return the first working morning of this week, Monday to Sunday by the reader's clocks."""
        where = zone(reader.zone)
        today = now.astimezone(where).date()
        monday = instant_of(datetime.combine(today - timedelta(days=today.weekday()), time(0)), where)
        return self._morning(reader, monday)

    def _morning(self, reader: Recipient, after: datetime) -> datetime:
        """Return the first beginning of a working day that is not before `after`."""
        where = zone(reader.zone)
        first = after.astimezone(where).date()
        for number in range(_MOST_FREE_DAYS):
            day = first + timedelta(days=number)
            begins = instant_of(datetime.combine(day, BEGIN), where)
            if begins >= after and self._is_worked(reader.country, day):
                return begins
        return after

    def _is_worked(self, country: str, day: date) -> bool:
        """A country whose working days are not confirmed has hours all the same: every day counts."""
        try:
            return self._almanac.calendar_of(country).is_working_day(day)
        except (CountryNotConfirmed, CalendarTooShort):
            return True
