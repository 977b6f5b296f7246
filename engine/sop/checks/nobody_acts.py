"""SOP309: who acts does not fit how: timed actions are the system's, what the world does is noted by somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import ENVIRONMENT, SYSTEM
from engine.values import Side

_UNNOTED: Final = {
    True: "is what the world does, but nobody notes it",
    False: "is noted, but is not what the world does",
}


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for name, role in file.sop.roles.items():
        speakers = [file.sop.roles[one] for one in role.acts_for if one in file.sop.roles]
        if speakers and all(one.side is Side.PERSON for one in speakers):
            message = f'the acts of "{name}" are entered only by roles of side person, who have no desk'
            yield Diagnostic("SOP309", message, file.marks.key(("roles", name, "acts_for")), "name a role with a desk")
    for offer in (*drawn.offers, *drawn.everywhere):
        action, where = offer.action, file.marks.key(offer.path)
        timed = action.automatic is not None
        if timed != (SYSTEM in action.by):
            message = f'action "{offer.name}" is ' + (
                "timed, but not taken by the system" if timed else "the system's, not timed"
            )
            yield Diagnostic(
                "SOP309", message, where, "a timed action has `automatic` and `by: [system]`, no other has"
            )
        if timed and action.reassign is not None:
            message = f'timed action "{offer.name}" asks for a new actor, and nobody is there to name one'
            yield Diagnostic("SOP309", message, where, "take `reassign` out, or let a role take the action")
        if timed and offer.at is None:
            message = f'timed action "{offer.name}" is open everywhere, and no step says from when its time counts'
            yield Diagnostic("SOP309", message, where, "put it into the steps it belongs to")
        if len(action.by) > 1 and (alone := {SYSTEM, ENVIRONMENT} & set(action.by)):
            message = f'action "{offer.name}" is taken by "{min(alone)}" and by others, who act by other rules'
            yield Diagnostic("SOP309", message, where, "make two actions of it")
        if (ENVIRONMENT in action.by) != bool(action.noted_by):
            message = f'action "{offer.name}" ' + _UNNOTED[ENVIRONMENT in action.by]
            yield Diagnostic("SOP309", message, where, "what the world does has `by: [environment]` and `noted_by`")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], automatic: {after: 30 days}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP309",
    title="An action nobody can take",
    reason="It would stand on the screen, and never happen.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("by: [case_manager", "by: [system"),
    run=_run,
)
