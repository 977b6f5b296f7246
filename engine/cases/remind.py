"""Whom an alarm tells: reminders go to those responsible, escalations to the roles that the rule names.

Time alone never opens the border: what comes of a date goes to the other country, to an authority or to a consulate only while
`share_when` holds for it, even where the step is its own. Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.cases.case import Case, Facts
from engine.cases.deadlines import Alarm
from engine.cases.effects import Notify
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.values import Duration, MessageKind, Unit


def notices(
    sop: CompiledSop, case: Case, facts: Facts, step: str, alarms: Iterable[Alarm], now: datetime
) -> tuple[Notify, ...]:
    """Return who is told of the alarms of one deadline whose instants have come; each role hears the latest of a kind.

    `step` is empty for a deadline that belongs to the case, as a safeguard's does: only its escalations tell anybody.
    """
    responsible = sop.steps[step].model.responsible if step else ()
    latest: dict[tuple[str, MessageKind], str] = {}
    for alarm in alarms:
        escalates = alarm.kind == "escalate"
        kind = MessageKind.ESCALATION if escalates else MessageKind.REMINDER
        template = {"escalate": "escalation", "due": "due"}.get(alarm.kind, "reminder")
        for role in alarm.roles if escalates else responsible:
            latest[role, kind] = template
    view = CaseView(case, facts, now)
    return tuple(
        Notify(kind, role, step or case.main, template, why_not_told(sop, role, view))
        for (role, kind), template in latest.items()
        if role in case.parties
    )


def is_urgent(sop: CompiledSop, kind: str, step: str, name: str, alarms: Iterable[Alarm]) -> bool:
    """Whether one of a deadline's alarms is counted in hours: it can't wait until its reader is at work.

    Args:
        kind, step, name: of the deadline, as its row has them (engine.application.ports).
    """
    rule = _rule(sop, kind, step, name)
    if isinstance(rule, m.Series):
        return any(_length(rule, alarm, rule.at[int(name.partition(":")[2])]).unit is Unit.HOUR for alarm in alarms)
    whole = rule.within or rule.before if rule is not None else None
    return whole is not None and any(_length(rule, alarm, whole).unit is Unit.HOUR for alarm in alarms)


def _rule(sop: CompiledSop, kind: str, step: str, name: str) -> m.DeadlineRule | m.Series | None:
    if kind == "watch":
        watches = (trigger.watch for triggers in sop.watched.values() for trigger in triggers)
        return next((watch.rule for watch in watches if watch.id == name), None)
    known = sop.steps.get(step)
    if known is None:
        return None
    return known.model.series.get(name.partition(":")[0]) if kind == "series" else known.model.due


def _length(rule: m.DeadlineRule | m.Series | None, alarm: Alarm, whole: Duration) -> Duration:
    """Return what an alarm is counted in: its own rung's length; `whole` for what is due, and for a rung of no length."""
    length = whole
    if rule is not None and alarm.kind == "remind":
        length = rule.remind[alarm.rung].length
    elif isinstance(rule, m.DeadlineRule) and alarm.kind == "escalate":
        length = rule.escalate[alarm.rung].after
    return length if length.count else whole
