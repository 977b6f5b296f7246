"""SOP208: a fact is named that is not declared."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    known = tuple(outline(file).sop.facts)
    found = [one for one in named(file) if one.sort is Sort.FACT]
    yield from unknown("SOP208", file, found, known, "facts")


CHECK = Check(
    code="SOP208",
    title="A fact that does not exist",
    reason="A requirement that reads it could never be met.",
    severity=Severity.ERROR,
    bad="""\
facts:
  adult: {type: boolean, title: {en: Adult, fr: Majeur}}
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{fact: {adlut: true}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
facts:
  adult: {type: boolean, title: {en: Adult, fr: Majeur}}
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{fact: {adult: true}}]}
      stop: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
