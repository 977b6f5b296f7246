"""Calendars for a rehearsal that goes on for decades: beyond the years whose holidays are known only weekends are free.

A case's own deadlines are never counted so: there a date beyond the known years is an error that says it.
Terms: docs/glossary.md, "calendar", "rehearsal".
"""

from __future__ import annotations

from engine.calendars.business import BusinessCalendar, Calendars, WorkingDays


def without_end(calendars: Calendars) -> Calendars:
    """Return the same calendars, without a last year."""
    return Calendars(_without_end(calendars.destination), _without_end(calendars.origin))


def _without_end(days: WorkingDays) -> WorkingDays:
    (country,) = days.countries()
    return BusinessCalendar(country.known.model_copy(update={"years": None}))
