"""A case as a fold of its history: what it would be without the entries that were mistaken.

A correction erases nothing. It plays all moves again but the mistaken one, at their own instants, and what comes out is the case
as it stands from now on. If a later move could then not have been made, somebody has acted on the mistake: no correction. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from engine.cases.case import Case, Facts, Move
from engine.cases.decide import Refusal, decide
from engine.cases.effects import Effect, EndDeadline, HoldDeadlines, SetDeadline, ShiftDeadlines
from engine.sop.compile import CompiledSop

Slot = tuple[str, str]
"""What tells one deadline of a case from the others: its step and its name."""


@dataclass(frozen=True, slots=True)
class Played:
    """A move as it stands in the history: its number, its instant, and what it was."""

    seq: int
    at: datetime
    move: Move


@dataclass(frozen=True, slots=True)
class Replayed:
    """What comes of a history: the case, what is known, and all effects in their order."""

    case: Case
    facts: Facts
    effects: tuple[Effect, ...]


def replay(sop: CompiledSop, begun: Case, facts: Facts, moves: Iterable[Played]) -> Replayed | tuple[int, Refusal]:
    """Play `moves` from `begun` on; answers the number and the refusal of the first that can't be made."""
    case, effects = begun, list[Effect]()
    for played in moves:
        case = msgspec.structs.replace(case, seq=played.seq - 1)
        answer = decide(sop, case, played.move, facts, played.at)
        if isinstance(answer, Refusal):
            return played.seq, answer
        case, facts = answer.case, answer.facts
        effects += answer.effects
    return Replayed(case, facts, tuple(effects))


def standing(effects: Iterable[Effect], now: datetime) -> tuple[SetDeadline | HoldDeadlines, ...]:
    """Return the deadlines that stand after all these effects, without the alarms that have come already by `now`."""
    clocks, held = clocks_after(effects)
    left = [replace(one, alarms=tuple(alarm for alarm in one.alarms if alarm.at > now)) for one in clocks.values()]
    return (*left, HoldDeadlines(held)) if held else tuple(left)


def clocks_after(effects: Iterable[Effect]) -> tuple[dict[Slot, SetDeadline], tuple[str, ...]]:
    """Return the deadlines that stand after all these effects with every alarm, and the steps whose deadlines stand still."""
    clocks: dict[Slot, SetDeadline] = {}
    held: tuple[str, ...] = ()
    for one in effects:
        match one:
            case SetDeadline():
                clocks[one.step, one.name] = one
            case EndDeadline():
                clocks = {slot: set_ for slot, set_ in clocks.items() if not _ends(one, slot)}
            case HoldDeadlines():
                held = one.steps
            case ShiftDeadlines():
                held = ()
                clocks = {slot: _later(set_, one) for slot, set_ in clocks.items()}
    return clocks, held


def _ends(end: EndDeadline, slot: Slot) -> bool:
    return end.step in (None, slot[0]) and end.name in (None, slot[1])


def _later(one: SetDeadline, shift: ShiftDeadlines) -> SetDeadline:
    if one.step not in shift.steps or one.held:
        return one
    by = timedelta(seconds=shift.by_seconds)
    return replace(one, due_at=one.due_at + by, alarms=tuple(replace(alarm, at=alarm.at + by) for alarm in one.alarms))
