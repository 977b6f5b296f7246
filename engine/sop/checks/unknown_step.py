"""SOP201: a step is named that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, unknown
from engine.sop.load import SopFile
from engine.sop.mentions import Sort


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    anywhere = tuple(drawn.by_name)
    special = ("stay", "resume")
    actions = tuple(dict.fromkeys(one.name for one in (*drawn.offers, *drawn.everywhere)))
    for mention in named(file):
        if mention.sort is Sort.STEP_OR_ACTION:
            yield from unknown("SOP201", file, [mention], (*anywhere, *actions), "steps and actions")
        if mention.sort is not Sort.STEP or mention.word in drawn.by_name or mention.word in special:
            continue
        nearby = anywhere if mention.line is None else drawn.lines[mention.line].steps
        yield from unknown("SOP201", file, [mention], nearby, "steps")


CHECK = Check(
    code="SOP201",
    title="A step that does not exist",
    reason="A case would be led nowhere: nobody would be told that it is their turn.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions:
      finish: {to: close, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
