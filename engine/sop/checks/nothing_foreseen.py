"""SOP319: a step looks ahead to an action that asks for nothing that grows old."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.requirements import grows_old


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    offers = (*drawn.offers, *drawn.everywhere)
    for spot in drawn.spots:
        meant = [one for one in offers if spot.step.foresee is not None and one.name == spot.step.foresee.for_]
        if meant and not any(grows_old(asked) for one in meant for asked in one.action.requires):
            message = f'nothing that action "{meant[0].name}" asks for can be too old on the planned day'
            place = file.marks.value((*spot.path, "foresee", "for"))
            yield Diagnostic("SOP319", message, place, "look ahead to an action with a `not_older_than`")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent, travel]
    foresee: {on: {form: travel, field: departs_on}, for: finish, before: 7 days}
    actions: {finish: {to: closed, by: [case_manager], requires: [{form: consent.return}]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP319",
    title="A foresight that foresees nothing",
    reason="Whoever relies on being told in time would never be told.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("consent.return", "consent.return, not_older_than: 30 days"),
    run=_run,
)
