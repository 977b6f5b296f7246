"""SOP304: a step that nobody is responsible for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile


def _run(file: SopFile) -> Iterator[Diagnostic]:
    for spot in outline(file).spots:
        if spot.step.end is None and not spot.step.responsible:
            message = f'nobody is responsible for step "{spot.name}"'
            yield Diagnostic("SOP304", message, file.marks.key(spot.path), "name a role in `responsible`")


CHECK = Check(
    code="SOP304",
    title="A step nobody is responsible for",
    reason="Nobody would be told that a person waits there.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
