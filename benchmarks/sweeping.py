"""The clocks: what is due found and claimed among many rows, reminders queued, a deadline counted, two workers beside one."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

from engine.calendars.almanac import shipped
from engine.cases.deadlines import schedule
from engine.sop.model import DeadlineRule

DUE = 500
"""Rows that one sweep claims."""


def counted(rounds: int = 9) -> float:
    """Return the median (µs) of counting 30 working days over two calendars, with its reminder and its escalation."""
    rule = DeadlineRule.model_validate(
        {
            "within": "30 working days",
            "calendar": "both",
            "remind": ["3 working days before"],
            "escalate": [{"after": "2 working days", "to": ["boss"]}],
        }
    )
    calendars = shipped().between("FR", "MA")
    begins = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=7 * number) for number in range(1000)]
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        for one in begins:
            schedule(rule, one, calendars)
        took.append((time.perf_counter() - started) / len(begins) * 1e6)
    return statistics.median(took[1:])
