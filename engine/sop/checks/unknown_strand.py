"""SOP214: a requirement waits for a strand or an outcome that does not exist, or for strands or a series where there are none."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.mentions import holder
from engine.sop.model import SeriesRequirement, StrandsRequirement
from engine.sop.outline import MAIN, Condition, Outline


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for condition in drawn.conditions:
        one = condition.requirement
        if isinstance(one, StrandsRequirement) and isinstance(one.strands, dict):
            yield from _named(file, drawn, condition, one.strands)
        elif isinstance(one, (StrandsRequirement, SeriesRequirement)) and condition.holder != "safeguard":
            what = "strands" if isinstance(one, StrandsRequirement) else "series"
            if condition.at is None or not getattr(drawn.by_name[condition.at].step, what):
                message = f"{holder(condition)} waits for the {what} of its step, which has none"
                hint = f'only what belongs to a step with `{what}` can wait for "done"'
                if what == "strands":
                    hint += "; others name them: strands: {strand: [outcome]}"
                yield Diagnostic("SOP214", message, file.marks.value(condition.path), hint)


def _named(
    file: SopFile, drawn: Outline, condition: Condition, wanted: dict[str, tuple[str, ...]]
) -> Iterator[Diagnostic]:
    lines = {line.name: line for line in drawn.lines.values() if line.key != MAIN}
    for strand, outcomes in wanted.items():
        path = (*condition.path, "strands", strand)
        line = lines.get(strand)
        if line is None:
            message = f'{holder(condition)} waits for strand "{strand}", which does not exist'
            yield Diagnostic("SOP214", message, file.marks.key(path), did_you_mean(strand, tuple(lines), "strands"))
            continue
        ends = [end for name in line.steps if (end := drawn.by_name[name].step.end) is not None]
        for number, outcome in enumerate(outcomes):
            if outcome not in ends:
                message = f'strand "{strand}" never ends with "{outcome}"'
                at = file.marks.value((*path, number))
                yield Diagnostic("SOP214", message, at, did_you_mean(outcome, tuple(dict.fromkeys(ends)), "outcomes"))


_PAPERS = """\
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
            actions: {obtain: {to: there, by: [case_manager]}}
          there: {end: done, title: {en: There, fr: Obtenu}}
    actions:
      finish: {to: closed, by: [case_manager], requires: [{strands: {%s: [done]}}]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP214",
    title="Strands or a series that do not exist",
    reason="Waiting for all of no strands waits for nothing: the join would stand open. A strand that is misspelt never ends.",
    severity=Severity.ERROR,
    bad=_PAPERS % "paper",
    good=_PAPERS % "papers",
    run=_run,
)
