"""Whom the alarms of one deadline tell, also after a time in which no sweep ran."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.cases.deadlines import schedule
from engine.cases.remind import notices

LADDER = """\
share_when: []
start: a
steps:
  a:
    title: {en: A, fr: A}
    responsible: [worker]
    due: {within: 3 days, remind: [%s], escalate: [%s]}
    actions: {go: {to: z, by: [worker]}}
  z: {end: done, title: {en: Z, fr: Z}}
"""


@pytest.fixture
def heard(play):
    """Return what is told of a ladder by a sweep that comes so long after the first of its rungs."""

    def told(remind: str, escalate: str = "", **later: float) -> list[tuple[str, str, int]]:
        case = play(LADDER % (remind, escalate))
        ladder = case.sop.steps["a"].model.due
        alarms = schedule(ladder, case.now, case.facts.calendars).alarms
        now = alarms[0].at + timedelta(**later)
        come = [one for one in alarms if one.at <= now]
        found = notices(case.sop, case.case, case.facts, "a", ladder, come, now)
        return [(one.notify.role, one.notify.template, one.alarm.rung) for one in found]

    return told


TWO_DAYS, ONE_DAY = "{length: 2 days, late: %s}", "{length: 1 day, late: %s}"


def test_what_was_missed_merges_with_the_next_of_its_ladder(heard):
    """Nobody says otherwise: one message of a kind, the latest, for each role."""
    assert heard("2 days before, 1 day before", days=1) == [("worker", "reminder", 1)]
    assert heard("2 days before, 1 day before", days=10) == [("worker", "due", 0)]


def test_a_rung_to_be_sent_is_sent_besides_what_has_come_since(heard):
    """However late, and whatever stands around it; the others of its kind still merge."""
    remind = ", ".join((TWO_DAYS % "send", "1 day before"))

    assert heard(remind, days=10) == [("worker", "reminder", 0), ("worker", "due", 0)]
    assert heard(", ".join(("2 days before", ONE_DAY % "send")), days=1) == [("worker", "reminder", 1)]


def test_a_rung_to_be_skipped_is_silent_once_its_moment_is_missed(heard):
    """A day late is missed; and what it would have taken the place of is told in its stead."""
    assert heard(TWO_DAYS % "skip", days=1) == [("worker", "reminder", 0)]
    assert heard(TWO_DAYS % "skip", days=1, seconds=1) == []
    assert heard("2 days before, {length: 1 day, late: skip}", days=2, hours=1) == [("worker", "reminder", 0)]


def test_a_rung_counted_in_hours_is_missed_an_hour_later(heard):
    """Six hours before an arrival is of no use at the arrival."""
    assert heard("{length: 6 hours, late: skip}", hours=1) == [("worker", "reminder", 0)]
    assert heard("{length: 6 hours, late: skip}", hours=1, seconds=1) == []


def test_each_role_hears_the_escalations_of_its_own_rungs(heard):
    """The one who is told at every rung hears each that must be sent; the one who is told at the last hears that."""
    escalate = "{after: 0 days, to: [boss], late: send}, {after: 2 days, to: [boss, office]}"

    told = [one for one in heard("1 day before", escalate, days=10) if one[1] == "escalation"]

    assert told == [("boss", "escalation", 0), ("boss", "escalation", 1), ("office", "escalation", 1)]
