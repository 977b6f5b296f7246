"""SOP216: a step, role, action or strand has a name that is a word of the language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.compile import MAIN, REOPEN
from engine.sop.load import SopFile
from engine.sop.model import ANY, ENVIRONMENT, RESUME, STAY, SYSTEM
from engine.sop.outline import Path

_RESERVED: Final = {
    "a step": frozenset({STAY, RESUME}),
    "a role": frozenset({ANY, SYSTEM, ENVIRONMENT}),
    "an action": frozenset({REOPEN}),
    "a strand": frozenset({MAIN}),
}


def _run(file: SopFile) -> Iterator[Diagnostic]:
    for what, name, path in _names(file):
        if name in _RESERVED[what]:
            message = f'{what} can\'t be called "{name}": the word has a meaning of its own'
            yield Diagnostic("SOP216", message, file.marks.key(path), "give it another name")


def _names(file: SopFile) -> Iterator[tuple[str, str, Path]]:
    drawn = outline(file)
    for role in file.sop.roles:
        yield "a role", role, ("roles", role)
    for spot in drawn.spots:
        yield "a step", spot.name, spot.path
    for offer in (*drawn.offers, *drawn.everywhere):
        yield "an action", offer.name, offer.path
    for line in drawn.lines.values():
        yield "a strand", line.name, line.path


_CLOSING = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
      %s: {to: counselling, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP216",
    title="A name that is a word of the language",
    reason="`to: stay`, `by: any`, or the reopening of a case would mean two things.",
    severity=Severity.ERROR,
    bad=_CLOSING % "reopen",
    good=_CLOSING % "begin_again",
    run=_run,
)
