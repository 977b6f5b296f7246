"""SOP212: a document is named that the library does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    found = [one for one in named(file) if one.sort is Sort.DOCUMENT]
    yield from unknown("SOP212", file, found, tuple(file.shelf.documents), "documents")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    guidance: [eu-directive-2011-63]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP212",
    title="A document that does not exist",
    reason="Nobody could read on what the step rests.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("eu-directive-2011-63", "eu-directive-2011-36"),
    run=_run,
)
