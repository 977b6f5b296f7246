"""SOP317: a reminder that would come before what it reminds of has begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import Rung
from engine.sop.outline import Path
from engine.values import Duration, Unit

_LEAST: Final = {Unit.DAY: 1, Unit.WORKING_DAY: 1, Unit.WEEK: 7, Unit.MONTH: 28}
_MOST: Final = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31}
"""Calendar days of one unit, at the least and at the most; how many a working day may span, no file can know."""


def _run(file: SopFile) -> Iterator[Diagnostic]:
    for lengths, remind, path, is_cut_off in _ladders(file):
        for n, rung in enumerate(remind):
            if rung.direction == "before" and all(_exceeds(rung.length, one, is_cut_off) for one in lengths):
                longest = max(lengths, key=lambda one: one.count_in_days)
                message = f"a reminder {rung.length} before what is due within {longest} comes before it has begun"
                place = file.marks.value((*path, "remind", n))
                yield Diagnostic("SOP317", message, place, "nobody would ever get it: remind later, or leave it out")


def _ladders(file: SopFile) -> Iterator[tuple[tuple[Duration, ...], tuple[Rung, ...], Path, bool]]:
    """Give, with its reminders, how long what is due may take; what counts back from a date may begin at any time."""
    for spot in outline(file).spots:
        due = spot.step.due
        if due is not None and due.within is not None:
            yield (due.within,), due.remind, (*spot.path, "due"), due.cut_off is not None
        for name, series in spot.step.series.items():
            yield series.at, series.remind, (*spot.path, "series", name), False


def _exceeds(rung: Duration, within: Duration, is_cut_off: bool) -> bool:
    """Whether a rung lies before the beginning for certain, whatever the calendar and the hour of the beginning."""
    if rung.unit is within.unit:
        return rung.count > within.count + is_cut_off
    if within.unit is Unit.WORKING_DAY:
        return False
    most = within.count // 24 + 1 if within.unit is Unit.HOUR else within.count * _MOST[within.unit]
    if rung.unit is Unit.HOUR:
        return rung.count > 24 * (most + 1)
    return rung.count * _LEAST[rung.unit] > most


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    due: {within: 5 days, remind: [1 week before, 1 day before]}
    actions: {finish: {to: closed, by: [case_manager]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP317",
    title="A reminder before the beginning",
    reason="Nobody can be reminded of what has not begun: the person it is meant for would hear nothing.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("1 week", "3 days"),
    run=_run,
)
