"""SOP308: a role is told without consent although it is not on the side where danger may ask for it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.values import Side


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for offer in (*drawn.offers, *drawn.everywhere):
        for number, told in enumerate(offer.action.tell):
            role = file.sop.roles.get(told.role)
            if told.without_consent is not None and role is not None and role.side is not Side.DESTINATION:
                message = f'"{told.role}" is told without consent, but is of side {role.side}'
                hint = "without consent only roles of side destination may be told"
                yield Diagnostic("SOP308", message, file.marks.value((*offer.path, "tell", number)), hint)


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish:
        to: closed
        by: [case_manager]
        tell: [{role: receiving_worker, without_consent: {basis: {strength: law, source: eu-directive-2011-36}}}]
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP308",
    title="Told without consent across the border",
    reason="Nothing may cross the border without consent, not even in danger.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("receiving_worker", "case_manager"),
    run=_run,
)
