"""SOP310: a pause is entered or left in a way that keeps no clock."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import RESUME
from engine.sop.outline import Kind


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for spot in drawn.spots:
        if spot.step.pause and (spot.kind is not Kind.MAIN or spot.step.strands):
            message = f'pause step "{spot.name}" ' + ("has strands" if spot.step.strands else "is not on the main line")
            yield Diagnostic(
                "SOP310", message, file.marks.key(spot.path), "a pause is a step of the main line by itself"
            )
    started = drawn.by_name.get(file.sop.start)
    if started is not None and started.step.pause:
        message = f'the procedure starts at the pause step "{started.name}", and there is nothing to resume'
        yield Diagnostic("SOP310", message, file.marks.value(("start",)), "a pause is entered by an everywhere action")
    for offer in drawn.offers:
        target = drawn.by_name.get(offer.action.to)
        if target is not None and target.step.pause:
            message = f'"{offer.name}" leads to the pause step "{target.name}"'
            yield Diagnostic(
                "SOP310", message, file.marks.value((*offer.path, "to")), "a pause is entered by an everywhere action"
            )
    for offer in drawn.everywhere:
        if offer.action.to == RESUME:
            message = f'"{offer.name}" resumes, but is open where nothing is paused'
            yield Diagnostic("SOP310", message, file.marks.value((*offer.path, "to")), "put it into the pause step")


CHECK = Check(
    code="SOP310",
    title="A pause that is none",
    reason="The clocks would run on while the person is in hospital.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
      wait: {to: hospital, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
  hospital:
    title: {en: In hospital, fr: Hospitalisation}
    responsible: [case_manager]
    pause: true
    actions: {back: {to: resume, by: [case_manager]}}
everywhere:
  fall_ill:
    title: {en: Fallen ill, fr: Maladie}
    by: [case_manager]
    to: hospital
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
  hospital:
    title: {en: In hospital, fr: Hospitalisation}
    responsible: [case_manager]
    pause: true
    actions: {back: {to: resume, by: [case_manager]}}
everywhere:
  fall_ill:
    title: {en: Fallen ill, fr: Maladie}
    by: [case_manager]
    to: hospital
""",
    run=_run,
)
