"""Every configuration a case can come to, as far as a slice of the procedure shows it.

A `Slice` says what is looked at: some lines, and some leaves (`engine.analysis.logic`). All else is unknown, and an unknown question may
be answered either way: what can't happen in the slice can't happen in the procedure. A move that rests on an unknown answer says so,
and the prover (`engine.analysis.model_check`) then widens the slice by it, until an answer rests on nothing unknown.

Records are not taken one by one. A slot holds the set of classes that its record may have, and whether a record could have been made
since it was last looked at; what it must be is settled when a requirement looks at it. So the order of records that do not
concern one another is never enumerated. The rules of moves are those of `engine.cases.decide` and `engine.cases.draft`; tests
compare the two on random procedures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from engine.analysis import logic
from engine.analysis.classes import ABSENT, SlotClasses
from engine.analysis.logic import Closed, Cube, Formula, Leaf, Reader, both, cubes
from engine.forms.model import FieldType
from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledAction, CompiledEntry, CompiledSop
from engine.values import Value

State = tuple[object, ...]

NO, YES, COULD = 1, 2, 4
"""Masks of an acknowledgement: not given, given, and: could have been given since it was last asked for."""

NEVER, OPEN, OVER = 0, 1, 2
"""A wait or a series: its step was never entered; it runs, and may be over or not; it is over."""


@dataclass(frozen=True, slots=True)
class LineOf:
    """What is unknown where a line is not looked at: where it stands."""

    line: str


Unknown = Leaf | LineOf


class Commit(NamedTuple):
    """What had to be settled for a move: a record of this slot in one of these classes, or an acknowledgement."""

    slot: str
    mask: int


@dataclass(frozen=True, slots=True)
class Slice:
    """What is looked at. `singly`: slots and facts whose values are told apart one by one."""

    lines: frozenset[str] = frozenset()
    leaves: frozenset[Leaf] = frozenset()
    singly: frozenset[str] = frozenset()

    def widened(self, unknown: Iterable[Unknown]) -> Slice:
        """Look at these too."""
        more = set(unknown)
        lines = {one.line for one in more if isinstance(one, LineOf)}
        return replace(
            self, lines=self.lines | lines, leaves=self.leaves | {one for one in more if not isinstance(one, LineOf)}
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something a safeguard speaks of. Exactly one kind of name is given."""

    action: str | None = None
    enter: str | None = None
    leave: str | None = None
    record: str | None = None
    where: logic.Says | None = None
    acknowledge: str | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """Remembers for a safeguard: `on` after one of `sets`, off again after one of `clears` (which goes last)."""

    sets: tuple[Event, ...]
    clears: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change a configuration. `action` None: a record (`part`) or an acknowledgement (`acknowledge`)."""

    action: CompiledAction | None
    step: str
    part: str | None = None
    slot: str | None = None
    acknowledge: str | None = None
    reopens: bool = False


class Edge(NamedTuple):
    """A move taken: where it leads, what it cost (actions, records, acknowledgements), and on what unknown it rests."""

    move: Move
    cube: Cube
    commits: tuple[Commit, ...]
    cost: int
    unknown: frozenset[Unknown]
    after: State


class Settled(NamedTuple):
    """A state in which a cube holds."""

    values: list[object]
    cost: int
    commits: tuple[Commit, ...]
    unknown: frozenset[Unknown]
    read: frozenset[int]


@dataclass(slots=True)
class Space:
    """The states of one slice of a procedure, and the moves between them."""

    sop: CompiledSop
    reader: Reader
    slice: Slice
    monitors: tuple[Monitor, ...] = ()
    index: dict[object, int] = field(init=False, default_factory=dict)
    slots: dict[str, SlotClasses] = field(init=False, default_factory=dict)
    fact_classes: dict[str, list[Value | None]] = field(init=False, default_factory=dict)
    _lines: tuple[str, ...] = field(init=False)
    _moves: list[tuple[Move, str, list[dict[Leaf, bool]]]] = field(init=False, default_factory=list)
    _covers: dict[str, list[dict[Leaf, bool]]] = field(init=False, default_factory=dict)
