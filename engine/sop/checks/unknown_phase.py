"""SOP210: a phase is named that no step belongs to."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    known = tuple(outline(file).phases)
    found = [one for one in named(file) if one.sort is Sort.PHASE]
    yield from unknown("SOP210", file, found, known, "phases")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    phase: decision
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
everywhere:
  stop:
    while: {phases: [decisoin]}
    title: {en: Stop, fr: Arrêt}
    by: [case_manager]
    to: closed
"""

CHECK = Check(
    code="SOP210",
    title="A phase that does not exist",
    reason="An action meant to be open everywhere in it would be open nowhere.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("decisoin", "decision"),
    run=_run,
)
