"""SOP201: a step is named that does not exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from engine.diagnostics import Diagnostic, Severity, did_you_mean, nearest
from engine.sop.checks.base import Check, Wrong, missing, named, once, outline
from engine.sop.load import SopFile
from engine.sop.mentions import Sort
from engine.sop.model import RESUME, STAY
from engine.sop.outline import Outline


def _run(file: SopFile) -> Iterator[Diagnostic]:
    return once("SOP201", file, _wrong(file))


def _wrong(file: SopFile) -> Iterator[Wrong]:
    drawn = outline(file)
    steps = tuple(drawn.by_name)
    actions = tuple(dict.fromkeys(one.name for one in (*drawn.offers, *drawn.everywhere)))
    known = frozenset((*steps, STAY, RESUME))
    either = frozenset((*steps, *actions))
    for mention in named(file):
        if mention.sort is Sort.STEP_OR_ACTION and mention.word not in either:
            yield missing(mention, (*steps, *actions), "steps and actions")
        elif mention.sort is Sort.STEP and mention.word not in known:
            nearby = steps if mention.line is None else drawn.lines[mention.line].steps
            yield Wrong(mention, f'"{mention.word}", which does not exist', partial(_hint, drawn, mention.word, nearby))


def _hint(drawn: Outline, word: str, nearby: Sequence[str]) -> str:
    """Name the nearest step; where none is near, the one to which nothing leads may have had that name."""
    said = did_you_mean(word, nearby, "steps")
    led_to = {offer.action.to for offer in (*drawn.offers, *drawn.everywhere)} | {
        line.start for line in drawn.lines.values()
    }
    forgotten = [step for step in nearby if step not in led_to]
    if nearest(word, nearby) is not None or len(forgotten) != 1:
        return said
    return f'nothing leads to "{forgotten[0]}": was it called so before? Name it alike in all places; {said}'


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions:
      finish: {to: close, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP201",
    title="A step that does not exist",
    reason="A case would be led nowhere: nobody would be told that it is their turn.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("to: close", "to: closed"),
    run=_run,
)
