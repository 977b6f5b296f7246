"""Whom an alarm tells: reminders go to those responsible, escalations to the roles that the rule names.

Time alone never opens the border: what comes of a date goes to the other country, to an authority or to a consulate only while
`share_when` holds for it, even where the step is its own. Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from engine.cases.case import Case, Facts
from engine.cases.deadlines import Alarm
from engine.cases.draft import NO_CONSENT, NO_RULE, hold
from engine.cases.effects import Notify
from engine.cases.view import CaseView
from engine.sop.compile import CompiledSop
from engine.values import MessageKind, Side


def notices(
    sop: CompiledSop, case: Case, facts: Facts, step: str, alarms: Iterable[Alarm], now: datetime
) -> tuple[Notify, ...]:
    """Return who is told of the alarms of one deadline whose instants have come; each role hears the latest of a kind."""
    latest: dict[tuple[str, MessageKind], str] = {}
    for alarm in alarms:
        escalates = alarm.kind == "escalate"
        kind = MessageKind.ESCALATION if escalates else MessageKind.REMINDER
        template = {"escalate": "escalation", "due": "due"}.get(alarm.kind, "reminder")
        for role in alarm.roles if escalates else sop.steps[step].model.responsible:
            latest[role, kind] = template
    view = CaseView(case, facts, now)
    return tuple(
        Notify(kind, role, step, template, why_withheld(sop, role, view))
        for (role, kind), template in latest.items()
        if role in case.parties
    )


def why_withheld(sop: CompiledSop, role: str, view: CaseView) -> str:
    """Say why a role may not be told now, whoever asks; empty if it may."""
    known = sop.sop.roles[role]
    if known.side is Side.PERSON or (known.side is Side.DESTINATION and role not in sop.official):
        return ""
    ready = sop.share[role]
    if ready is None:
        return NO_RULE
    return "" if hold(ready, view) else NO_CONSENT
