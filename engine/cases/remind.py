"""Whom an alarm tells: reminders go to those responsible, escalations to the roles that the rule names.

A rung whose moment was missed, because no sweep ran, is told with the next of its ladder, unless its `late` says otherwise. Time
alone never opens the border: what comes of a date goes to the other country, to an authority or to a consulate only while
`share_when` holds for it, even where the step is its own. Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.cases.case import Case, Facts
from engine.cases.deadlines import Alarm
from engine.cases.effects import Notify
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.values import Duration, MessageKind, Unit

MISSED_BY_DAYS: Final = timedelta(days=1)
MISSED_BY_HOURS: Final = timedelta(hours=1)
"""From when on the moment of a rung is missed: for one counted in days and longer, and for one counted in hours."""

Ladder = m.DeadlineRule | m.Series
"""A rule with rungs: the reminders and escalations around what is due."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody who is told, and the alarm that says so."""

    alarm: Alarm
    notify: Notify


def notices(
    sop: CompiledSop, case: Case, facts: Facts, step: str, ladder: Ladder | None, alarms: Iterable[Alarm], now: datetime
) -> tuple[Notice, ...]:
    """Return who is told of the alarms of one deadline whose instants have come.

    Each role hears the latest of a kind, and besides it what is to be sent even if it is late.

    Args:
        step: empty for a deadline that belongs to the case, as a safeguard's does: only its escalations tell anybody.
        ladder: the rule from which the alarms come (`ladder_of`).
    """
    responsible = sop.steps[step].model.responsible if step else ()
    heard: dict[tuple[str, MessageKind], list[Alarm]] = {}
    for alarm in alarms:
        late = _late(ladder, alarm)
        if late is m.Late.SKIP and _is_missed(ladder, alarm, now):
            continue
        escalates = alarm.kind == "escalate"
        for role in alarm.roles if escalates else responsible:
            own = heard.setdefault((role, MessageKind.ESCALATION if escalates else MessageKind.REMINDER), [])
            if own and _late(ladder, own[-1]) is not m.Late.SEND:
                own.pop()
            own.append(alarm)
    view = CaseView(case, facts, now)
    return tuple(
        Notice(alarm, Notify(kind, role, step or case.main, _TEMPLATES[alarm.kind], why_not_told(sop, role, view)))
        for (role, kind), own in heard.items()
        if role in case.parties
        for alarm in own
    )


_TEMPLATES: Final = {"remind": "reminder", "due": "due", "escalate": "escalation", "foresee": "foreseen"}


def is_urgent(ladder: Ladder | None, name: str, alarms: Iterable[Alarm]) -> bool:
    """Whether one of a deadline's alarms is counted in hours: it can't wait until its reader is at work.

    `name`: of the deadline, as its row has it (engine.application.ports).
    """
    if isinstance(ladder, m.Series):
        whole: Duration | None = ladder.at[int(name.partition(":")[2])]
    else:
        whole = ladder.within or ladder.before if ladder is not None else None
    return whole is not None and any(_length(ladder, alarm, whole).unit is Unit.HOUR for alarm in alarms)


def ladder_of(sop: CompiledSop, kind: str, step: str, name: str) -> Ladder | None:
    """Return the rule of a deadline, by kind, step and name of its row; None for one that reminds nobody."""
    if kind == "watch":
        watches = (trigger.watch for triggers in sop.watched.values() for trigger in triggers)
        return next((watch.rule for watch in watches if watch.id == name), None)
    known = sop.steps.get(step)
    if known is None:
        return None
    if kind == "series":
        return known.model.series.get(name.partition(":")[0])
    return known.model.due if kind == "due" else None


def _rung(ladder: Ladder | None, alarm: Alarm) -> m.Rung | m.Escalation | None:
    """Return the rung from which an alarm comes; what is due comes from none."""
    if ladder is not None and alarm.kind == "remind":
        return ladder.remind[alarm.rung]
    if isinstance(ladder, m.DeadlineRule) and alarm.kind == "escalate":
        return ladder.escalate[alarm.rung]
    return None


def _counted_in(rung: m.Rung | m.Escalation) -> Duration:
    return rung.length if isinstance(rung, m.Rung) else rung.after


def _late(ladder: Ladder | None, alarm: Alarm) -> m.Late:
    rung = _rung(ladder, alarm)
    return m.Late.MERGE if rung is None else rung.late


def _is_missed(ladder: Ladder | None, alarm: Alarm, now: datetime) -> bool:
    rung = _rung(ladder, alarm)
    in_hours = rung is not None and _counted_in(rung).unit is Unit.HOUR
    return now - alarm.at > (MISSED_BY_HOURS if in_hours else MISSED_BY_DAYS)


def _length(ladder: Ladder | None, alarm: Alarm, whole: Duration) -> Duration:
    """Return what an alarm is counted in: its own rung's length; `whole` for what is due, and for a rung of no length."""
    rung = _rung(ladder, alarm)
    return _counted_in(rung) if rung is not None and _counted_in(rung).count else whole
