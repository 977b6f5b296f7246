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
from engine.cases.sharing import why_withheld
from engine.cases.view import CaseView
from engine.sop.compile import CompiledSop
from engine.values import MessageKind


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
        Notify(kind, role, step or case.main, template, why_withheld(sop, role, view))
        for (role, kind), template in latest.items()
        if role in case.parties
    )
