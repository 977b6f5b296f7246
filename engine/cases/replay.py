"""A case as a fold of its history: what it would be without the entries that were mistaken.

A correction erases nothing. It plays all moves again but the mistaken one, at their own instants, and what comes out is the case
as it stands from now on. If a later move could then not have been made, somebody has acted on the mistake: no correction. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from engine.cases.case import Case, Facts, Move
from engine.cases.decide import Refusal, decide
from engine.cases.effects import Effect, EndDeadline, HoldDeadlines, SetDeadline, ShiftDeadlines
from engine.sop.compile import CompiledSop


@dataclass(frozen=True, slots=True)
class Played:
    """A move as it stands in the history: its number, its instant, and what it was."""

    seq: int
    at: datetime
    move: Move


@dataclass(frozen=True, slots=True)
class Replayed:
    """What comes of a history: the case, what is known, and the clocks' effects in their order."""

    case: Case
    facts: Facts
    clocks: tuple[Effect, ...]


def replay(sop: CompiledSop, begun: Case, facts: Facts, moves: Iterable[Played]) -> Replayed | tuple[int, Refusal]:
    """Play `moves` from `begun` on; answers the number and the refusal of the first that can't be made."""
    case, clocks = begun, list[Effect]()
    for played in moves:
        case = msgspec.structs.replace(case, seq=played.seq - 1)
        answer = decide(sop, case, played.move, facts, played.at)
        if isinstance(answer, Refusal):
            return played.seq, answer
        case, facts = answer.case, answer.facts
        kept = (SetDeadline, EndDeadline, HoldDeadlines, ShiftDeadlines)
        clocks += [effect for effect in answer.effects if isinstance(effect, kept)]
    return Replayed(case, facts, tuple(clocks))
