"""SOP213: two steps have the same name."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile


def _run(file: SopFile) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for spot in outline(file).spots:
        if spot.name in seen:
            message = f'step "{spot.name}" stands twice: names of steps are unique in a file'
            yield Diagnostic("SOP213", message, file.marks.key(spot.path), "give one of them another name")
        seen.add(spot.name)


CHECK = Check(
    code="SOP213",
    title="A step name used twice",
    reason="A requirement that names it could mean the other one.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
alongside:
  alert:
    start: quiet
    steps:
      quiet:
        title: {en: Quiet, fr: Calme}
        responsible: [case_manager]
        actions: {end_it: {to: closed, by: [case_manager]}}
      closed: {end: done, title: {en: Over, fr: Fini}}
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
alongside:
  alert:
    start: quiet
    steps:
      quiet:
        title: {en: Quiet, fr: Calme}
        responsible: [case_manager]
        actions: {end_it: {to: over, by: [case_manager]}}
      over: {end: done, title: {en: Over, fr: Fini}}
""",
    run=_run,
)
