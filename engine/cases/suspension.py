"""When the clock of a step's deadline may stand still, and who may stop it.

A suspension is for what the people of a step can't hasten: they wait for the other country, the person is in hospital. It stops
the step's own deadline, never a timed action, a series or the deadline of a safeguard. A deadline that rests on law stands still
only for the reasons that its rule names.

Terms: docs/glossary.md, "suspension". Pure, like `engine.cases.decide`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from engine.cases.case import Case, suspension
from engine.sop.compile import CompiledSop
from engine.values import SuspensionReason

WhyNot: TypeAlias = tuple[str, str]
"""A code that is stable, and the reason in a sentence."""


def who_may_suspend(sop: CompiledSop, step: str) -> tuple[str, ...]:
    """Return the roles that may stop the clock of a step and let it go on: those responsible, those told when it is late."""
    model = sop.steps[step].model
    late = [role for one in model.due.escalate for role in one.to] if model.due is not None else []
    return tuple(dict.fromkeys((*model.responsible, *late)))


def why_not_suspended(sop: CompiledSop, case: Case, step: str, reason: str, now: datetime) -> WhyNot | None:
    """Say why the clock of a step, at which the case stands, can't be stopped for `reason`; None if it can."""
    rule = sop.steps[step].model.due
    if rule is None:
        return "no_deadline", f'"{step}" has no deadline.'
    if reason not in list(SuspensionReason):
        return "unknown_reason", f'"{reason}" is none of the reasons: {", ".join(SuspensionReason)}.'
    if rule.within is None:
        return "no_clock", f'The deadline of "{step}" counts back from a date: move the date instead.'
    if not rule.may_be_suspended_for(SuspensionReason(reason)):
        named = ", ".join(rule.suspend_for or ())
        told = (
            f"It can stand still for: {named}."
            if named
            else "It rests on law, or the procedure never lets it stand still."
        )
        return "not_suspendable", f'The deadline of "{step}" can\'t be suspended for "{reason}". {told}'
    if suspension(case.halts.get(step, ())) is not None:
        return "suspended", f'The deadline of "{step}" is suspended already.'
    if rule.until is not None and case.is_acknowledged(step):
        return "no_deadline", f'The deadline of "{step}" is met: it has been acknowledged.'
    due = case.due.get(step)
    if due is None:
        return "no_deadline", f'The deadline of "{step}" does not run yet: its date is not known.'
    if due <= now:
        return "late", f'The deadline of "{step}" has passed: nothing of it is left to keep.'
    return None


def why_not_resumed(case: Case, step: str) -> WhyNot | None:
    """Say why the clock of a step can't go on; None if it can."""
    if suspension(case.halts.get(step, ())) is None:
        return "not_suspended", f'The deadline of "{step}" is not suspended.'
    return None
