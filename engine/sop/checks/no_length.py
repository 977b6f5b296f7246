"""SOP316: a length of nothing: what is due, or comes round, as soon as it begins."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import Safeguard
from engine.sop.outline import Path
from engine.values import Duration


def _run(file: SopFile) -> Iterator[Diagnostic]:
    for length, path in _lengths(file):
        if not length.count:
            message = f'"{length}" is no time at all: nobody could ever be in time'
            yield Diagnostic("SOP316", message, file.marks.value(path), f"the least is 1 {length.unit}")


def _lengths(file: SopFile) -> Iterator[tuple[Duration, Path]]:
    drawn = outline(file)
    for spot in drawn.spots:
        due = spot.step.due
        for key, length in (("within", due.within), ("before", due.before)) if due is not None else ():
            if length is not None:
                yield length, (*spot.path, "due", key)
        for name, series in spot.step.series.items():
            yield from ((length, (*spot.path, "series", name, "at", n)) for n, length in enumerate(series.at))
    for offer in drawn.offers:
        if offer.action.automatic is not None:
            yield offer.action.automatic.after, (*offer.path, "automatic", "after")
    for n, safeguard in enumerate(file.sop.safeguards):
        if isinstance(safeguard, Safeguard) and safeguard.within is not None:
            yield safeguard.within, ("safeguards", n, "within")


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    due: {within: 0 days}
    actions: {finish: {to: closed, by: [case_manager]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP316",
    title="A length of nothing",
    reason="What is due the moment it begins is late before anybody has heard of it.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("0 days", "1 day"),
    run=_run,
)
