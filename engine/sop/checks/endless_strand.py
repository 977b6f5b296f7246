"""SOP303: a strand that can come to a point from which it never ends."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import StrandsRequirement
from engine.sop.outline import Kind, closure, turned


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    waited_for = {
        condition.at for condition in drawn.conditions if isinstance(condition.requirement, StrandsRequirement)
    }
    for line in drawn.lines.values():
        if line.kind is not Kind.STRAND or line.key in drawn.broken or line.parent not in waited_for:
            continue
        ends = [name for name in line.steps if drawn.by_name[name].step.end is not None]
        ending = closure(ends, turned({name: drawn.next_steps[name] for name in line.steps}))
        stuck = [name for name in line.steps if name in drawn.reach(line.key) and name not in ending]
        if stuck:
            message = f'from step "{stuck[0]}" the strand "{line.name}" never ends, and an action waits for its end'
            yield Diagnostic(
                "SOP303", message, file.marks.key(drawn.by_name[stuck[0]].path), "lead it to a step with `end`"
            )


CHECK = Check(
    code="SOP303",
    title="A strand that never ends",
    reason="The join that waits for it would never open.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    strands:
      papers:
        start: asked
        steps:
          asked:
            title: {en: Asked, fr: Demandé}
            responsible: [case_manager]
            actions: {send: {to: sent, by: [case_manager]}}
          sent:
            title: {en: Sent, fr: Envoyé}
            responsible: [case_manager]
            actions: {again: {to: asked, by: [case_manager]}}
    actions:
      finish: {to: closed, by: [case_manager], requires: [{strands: done}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    strands:
      papers:
        start: asked
        steps:
          asked:
            title: {en: Asked, fr: Demandé}
            responsible: [case_manager]
            actions: {send: {to: sent, by: [case_manager]}, obtain: {to: there, by: [case_manager]}}
          sent:
            title: {en: Sent, fr: Envoyé}
            responsible: [case_manager]
            actions: {again: {to: asked, by: [case_manager]}}
          there: {end: done, title: {en: There, fr: Obtenu}}
    actions:
      finish: {to: closed, by: [case_manager], requires: [{strands: done}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
