"""What the checker looks at, and what it finds: slices of a procedure, states, moves between them.

A `Slice` says what is looked at: some lines, and some leaves (`engine.analysis.logic`). All else is unknown, and an unknown
question may be answered either way: what can't happen in the slice can't happen in the procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, NamedTuple, Protocol

from engine.analysis.classes import ABSENT
from engine.analysis.logic import Cube, Knows, Leaf, Says, TooLarge
from engine.analysis.moves import Way
from engine.values import Value

State = tuple[Any, ...]
"""The main step, what a pause left, the step of each line looked at, then the variables of `Space`."""

NEVER, OPEN, OVER = 0, 1, 2
"""A wait or a series: its step was never entered; it runs, and may be over or not; it is over."""


@dataclass(frozen=True, slots=True)
class LineOf:
    """What is unknown where a line is not looked at: where it stands."""

    line: str


@dataclass(frozen=True, slots=True)
class FactOf:
    """The variable of a fact."""

    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The variable that counts how often an action was taken (since something)."""

    action: str
    since: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """The variable of a monitor, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class Singly:
    """What stands in the way where the records of a slot are not told apart one by one."""

    slot: str


@dataclass(frozen=True, slots=True)
class Never:
    """What no widening makes certain: that the world does something, that a wait is not over, that two forms say the same."""

    what: str


Unknown = Leaf | LineOf | Singly | Never


@dataclass(frozen=True, slots=True)
class Slice:
    """What is looked at. `singly`: slots whose records are taken one by one, each class by itself."""

    lines: frozenset[str] = frozenset()
    leaves: frozenset[Leaf] = frozenset()
    singly: frozenset[str] = frozenset()

    def widened(self, unknown: Iterable[Unknown]) -> Slice:
        """Look at these too."""
        lines, leaves, singly = set(self.lines), set(self.leaves), set(self.singly)
        for one in unknown:
            match one:
                case LineOf(line):
                    lines.add(line)
                case Singly(slot):
                    singly.add(slot)
                case Never():
                    pass
                case _:
                    leaves.add(one)
        return replace(self, lines=frozenset(lines), leaves=frozenset(leaves), singly=frozenset(singly))


@dataclass(frozen=True, slots=True)
class Event:
    """Something a safeguard speaks of: an action by name, a step entered or left, a record of `parts`, an acknowledgement.

    `where`: part -> what the record must say; nothing named: any.
    """

    action: str | None = None
    enter: str | None = None
    leave: str | None = None
    parts: tuple[str, ...] = ()
    where: Says | None = None
    acknowledge: str | None = None


@dataclass(frozen=True, slots=True)
class Monitor:
    """Remembers for a safeguard: `on` after one of `sets`, off again after one of `clears` (which goes last).

    `facts`: what has to be so before the move for `sets` to count.
    """

    sets: tuple[Event, ...]
    clears: tuple[Event, ...]
    facts: tuple[Knows, ...] = ()


class Classes(Protocol):
    """What a slot's variable asks of its classes (`engine.analysis.classes.SlotClasses`)."""

    @property
    def present(self) -> int: ...
    def mask(self, question: Says) -> int: ...
    def aged(self, mask: int) -> int: ...
    def handed_on(self, mask: int) -> int: ...
    def lapsed(self, mask: int) -> int: ...


class Acknowledgement:
    """The classes of an acknowledgement: none, given by who stands for the role, given by who stood for it."""

    present = 2

    def mask(self, question: Says) -> int:
        return 2

    def aged(self, mask: int) -> int:
        return mask

    def handed_on(self, mask: int) -> int:
        return (4 if mask & 2 else 0) | (2 if mask & 4 else 0)

    def lapsed(self, mask: int) -> int:
        return mask & (ABSENT | 4) | self.handed_on(mask)


class Tests(NamedTuple):
    """A cube made ready for one slice: what is asked of a state, and what is unknown."""

    places: tuple[tuple[bool, frozenset[str], tuple[tuple[int, frozenset[str]], ...], tuple[Floating, ...]], ...]
    closed: bool | None
    facts: tuple[tuple[int, bool, frozenset[Value]], ...]
    done: tuple[tuple[int, bool], ...]
    counts: tuple[tuple[int, int, bool], ...]
    waits: tuple[tuple[int, bool], ...]
    series: tuple[tuple[int, bool], ...]
    slots: tuple[tuple[int, int], ...]
    unknown: frozenset[Unknown]
    free: tuple[tuple[Leaf, bool], ...]
    cube: Cube
    is_plain: bool
    """It asks nothing but where tracked lines stand and what facts say: where it holds, it holds for certain."""


class Floating(NamedTuple):
    """A line that is not looked at, in a question about places.

    `steps`: those of its steps that are asked for; `whole`: they are all of them. `parent`: the main step that holds the line.
    """

    line: LineOf
    steps: frozenset[str]
    parent: str | None
    whole: bool


class Step(NamedTuple):
    """A move taken on a path: from which state, by which way with which tests; what it cost and on what it rests.

    `says`: for a record taken by itself, its slot and classes.
    """

    before: State
    way: Way
    tests: Tests
    says: tuple[str, int] | None
    cost: int
    unknown: frozenset[Unknown]


class Ready(NamedTuple):
    """A way made ready for one slice."""

    way: Way
    tests: tuple[Tests, ...]
    change: Callable[[list[Any], State], None]
    says: tuple[str, int] | None


class Edge(NamedTuple):
    """A move of the explored graph."""

    after: State
    way: Way
    tests: Tests


@dataclass(slots=True)
class Limits:
    """When an exploration ends without an answer."""

    states: int
    until: float

    def soon(self, states: int, seconds: float) -> None:
        """End earlier: an answer is known, only a shorter one is looked for."""
        self.states = min(self.states, states)
        self.until = min(self.until, monotonic() + seconds)

    def check(self, states: int) -> None:
        """Raise TooLarge where a limit is met."""
        if states > self.states:
            raise TooLarge(f"more than {self.states:,} configurations would have to be told apart")
        if monotonic() > self.until:
            raise TooLarge("the time allowed for one safeguard is over")
