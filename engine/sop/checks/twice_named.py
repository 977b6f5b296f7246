"""SOP213: two steps or two strands have the same name, or an action open everywhere has that of one beside it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.outline import MAIN


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    strands = [line for line in drawn.lines.values() if line.key != MAIN]
    for what, found in (("step", drawn.spots), ("strand", strands)):
        seen: set[str] = set()
        for one in found:
            if one.name in seen:
                message = f'{what} "{one.name}" stands twice: names of {what}s are unique in a file'
                yield Diagnostic("SOP213", message, file.marks.key(one.path), "give one of them another name")
            seen.add(one.name)
    along = {step for key in drawn.alongside for step in drawn.reach(key)}
    for offer in drawn.everywhere:
        twins = [one for one in drawn.offers if one.name == offer.name]
        covered = drawn.covers[offer.name] if twins else ()
        beside = along | {step for main in covered for step in drawn.inside(main)} if covered else ()
        twin = next((one for one in twins if one.at in beside), None)
        if twin is not None:
            message = (
                f'action "{offer.name}" is open everywhere and at step "{twin.at}": nobody could say which is meant'
            )
            yield Diagnostic("SOP213", message, file.marks.key(offer.path), "give one of them another name")


CHECK = Check(
    code="SOP213",
    title="A name used twice",
    reason="A requirement that names a step or strand could mean the other one; whoever takes an action could take another.",
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
alongside:
  alert:
    start: quiet
    steps:
      quiet:
        title: {en: Quiet, fr: Calme}
        responsible: [case_manager]
        actions: {end_it: {to: closed, by: [case_manager]}}
      closed: {end: done, title: {en: Over, fr: Fini}}
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
alongside:
  alert:
    start: quiet
    steps:
      quiet:
        title: {en: Quiet, fr: Calme}
        responsible: [case_manager]
        actions: {end_it: {to: over, by: [case_manager]}}
      over: {end: done, title: {en: Over, fr: Fini}}
""",
    run=_run,
)
