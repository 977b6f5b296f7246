"""SOP215: a key of the language stands where it means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import FormRequirement
from engine.sop.outline import Kind


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for spot in drawn.spots:
        if spot.kind is not Kind.MAIN and spot.step.strands:
            message = f'step "{spot.name}" of "{drawn.lines[spot.line].name}" has strands, and strands do not nest'
            yield Diagnostic("SOP215", message, file.marks.key((*spot.path, "strands")), "make one line of them")
        for name, strand in spot.step.strands.items():
            if strand.after_end:
                message = f'strand "{name}" ends with step "{spot.name}": `after_end` belongs to what runs alongside'
                path = (*spot.path, "strands", name, "after_end")
                yield Diagnostic("SOP215", message, file.marks.key(path), "take it out, or put the strand alongside")
    for condition in drawn.conditions:
        one = condition.requirement
        if isinstance(one, FormRequirement) and one.or_absent and "none_of" not in condition.path:
            message = f'"{one.form}" is required to be there, so `or_absent` means nothing here'
            at = file.marks.key((*condition.path, "or_absent"))
            yield Diagnostic("SOP215", message, at, "it belongs into `none_of`")


CHECK = Check(
    code="SOP215",
    title="A key where it means nothing",
    reason="The file would say more than happens: what stands in a strand of a strand would never be done.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    strands:
      papers:
        start: asked
        after_end: true
        steps:
          asked:
            title: {en: Asked, fr: Demandé}
            responsible: [case_manager]
            actions: {obtain: {to: there, by: [case_manager]}}
          there: {end: done, title: {en: There, fr: Obtenu}}
    actions:
      finish: {to: closed, by: [case_manager]}
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
alongside:
  papers:
    start: asked
    after_end: true
    steps:
      asked:
        title: {en: Asked, fr: Demandé}
        responsible: [case_manager]
        actions: {obtain: {to: there, by: [case_manager]}}
      there: {end: done, title: {en: There, fr: Obtenu}}
""",
    run=_run,
)
