"""SOP301: a step that no case can come to."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for spot in drawn.spots:
        if spot.line in drawn.broken or (spot.parent is not None and not drawn.stands(spot.parent)):
            continue
        if spot.name not in drawn.reach(spot.line):
            message = f'no case can ever come to step "{spot.name}"'
            yield Diagnostic("SOP301", message, file.marks.key(spot.path), "let an action lead to it, or take it out")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  lost:
    title: {en: Lost, fr: Perdu}
    responsible: [case_manager]
    actions: {back: {to: closed, by: [case_manager]}}
"""

CHECK = Check(
    code="SOP301",
    title="A step that can not be reached",
    reason="What it protects would never happen.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("finish: {to: closed", "finish: {to: lost"),
    run=_run,
)
