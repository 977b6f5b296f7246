"""SOP306: a title without one of the languages that every procedure has."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check
from engine.sop.load import SopFile
from engine.sop.translations import untranslated


def _run(file: SopFile) -> Iterator[Diagnostic]:
    yield from untranslated(file.sop, file.marks)


_BAD = """\
steps:
  counselling:
    title: {en: Counselling}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP306",
    title="A missing translation",
    reason="Somebody would be asked or told in a language they do not read.",
    severity=Severity.WARNING,
    bad=_BAD,
    good=_BAD.replace("Counselling", "Counselling, fr: Conseil"),
    run=_run,
)
