"""SOP318: a ladder that never ends: too many rungs, one twice, or one so late that nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import Escalation, Rung, Safeguard
from engine.sop.outline import Path

MOST_RUNGS: Final = 20
LATEST: Final = 366
"""The most rungs, and the most days after what is due, that a ladder may have."""


def _run(file: SopFile) -> Iterator[Diagnostic]:
    for rungs, path, what in _ladders(file):
        if len(rungs) > MOST_RUNGS:
            message = f"{len(rungs)} {what} of one deadline never end"
            yield Diagnostic("SOP318", message, file.marks.key(path), f"the most is {MOST_RUNGS}")
        seen: list[tuple[object, ...]] = []
        for n, rung in enumerate(rungs):
            place = file.marks.value((*path, n))
            said = _said(rung)
            if any(one in seen for one in said):
                yield Diagnostic("SOP318", "this rung stands on the ladder twice", place, "keep one of the two")
            seen += said
            length = rung.after if isinstance(rung, Escalation) else rung.length
            if (isinstance(rung, Escalation) or rung.direction == "after") and length.count_in_days > LATEST:
                message = f"{length} after what is due, nobody waits for it any more"
                yield Diagnostic("SOP318", message, place, f"the most is {LATEST} days")


def _said(rung: Rung | Escalation) -> list[tuple[object, ...]]:
    """Give what a rung says, to whom: two that say the same are one too many."""
    if isinstance(rung, Rung):
        return [(rung.direction, rung.length)]
    return [(role, rung.after) for role in dict.fromkeys(rung.to)]


def _ladders(file: SopFile) -> Iterator[tuple[Sequence[Rung | Escalation], Path, str]]:
    for spot in outline(file).spots:
        if spot.step.due is not None:
            yield spot.step.due.remind, (*spot.path, "due", "remind"), "reminders"
            yield spot.step.due.escalate, (*spot.path, "due", "escalate"), "escalations"
        for name, series in spot.step.series.items():
            yield series.remind, (*spot.path, "series", name, "remind"), "reminders"
    for n, safeguard in enumerate(file.sop.safeguards):
        if isinstance(safeguard, Safeguard):
            yield safeguard.escalate, ("safeguards", n, "escalate"), "escalations"


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    due: {within: 5 days, remind: [1 day before], escalate: [{after: 60 weeks, to: [case_manager]}]}
    actions: {finish: {to: closed, by: [case_manager]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP318",
    title="A ladder that never ends",
    reason="Who is reminded without end hears nothing any more, and the one message that matters is lost among them.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("60 weeks", "1 week"),
    run=_run,
)
