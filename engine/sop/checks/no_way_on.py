"""SOP302: a step that nobody can leave."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.outline import Kind


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for spot in drawn.spots:
        if spot.step.end is not None:
            continue
        ways = [offer for offer in spot.offers if offer.leaves]
        if spot.kind is not Kind.ALONGSIDE:
            main = spot.parent or spot.name
            ways += [offer for offer in drawn.everywhere if offer.leaves and main in drawn.covers[offer.name]]
        if not ways and not (spot.kind is Kind.ALONGSIDE and spot.step.series):
            message = f'step "{spot.name}" has no way on: nobody\'s act and no date leads away from it'
            yield Diagnostic("SOP302", message, file.marks.key(spot.path), "give it an action, or an `end`")


CHECK = Check(
    code="SOP302",
    title="A step with no way on",
    reason="The person would wait there for ever.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: waiting, by: [case_manager]}
      stop: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  waiting:
    title: {en: Waiting, fr: Attente}
    responsible: [case_manager]
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: waiting, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  waiting:
    title: {en: Waiting, fr: Attente}
    responsible: [case_manager]
    actions: {on: {to: closed, by: [case_manager]}}
""",
    run=_run,
)
