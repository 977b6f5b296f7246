"""SOP211: an action is named that no step offers."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    known = tuple(dict.fromkeys(one.name for one in (*outline(file).offers, *outline(file).everywhere)))
    found = [one for one in named(file) if one.sort is Sort.ACTION]
    yield from unknown("SOP211", file, found, known, "actions")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{taken: {action: finsih, at_most: 3}}]}
      stop: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP211",
    title="An action that does not exist",
    reason="A count of it would stay at nought for ever.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("finsih", "finish"),
    run=_run,
)
