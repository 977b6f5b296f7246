"""SOP209: a list is named that is not declared."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    known = tuple(outline(file).sop.lists)
    found = [one for one in named(file) if one.sort is Sort.LIST]
    yield from unknown("SOP209", file, found, known, "lists")


_BAD = """\
lists:
  no_return: [Somewhere]
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [risk]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{form: risk, not_in_list: {place: no_retrun}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP209",
    title="A list that does not exist",
    reason="A place that must not be returned to would not be recognised.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("no_retrun", "no_return"),
    run=_run,
)
