"""The work on simulated cases: tasks at steps, and the staff that does them.

Terms: docs/glossary.md, "rehearsal". For designers: docs/reference/simulation.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import Random

from engine.analysis.simulation.life import Life
from engine.analysis.simulation.pace import Pace, Way
from engine.analysis.simulation.report import Tally
from engine.calendars.business import WorkingDays
from engine.sop.compile import CompiledAction, CompiledStep


class State(Enum):
    """How it stands with the work on a case at a step."""

    QUEUED = "it waits for staff"
    AT_WORK = "somebody works on it"
    WAITING = "its work is done, and it waits for the day on which the chosen action opens"
    BLOCKED = "its work is done, and no way out is open as the case stands"
    LEFT_TO_TIME = "its work is done, and a timed action will lead out"
    HELD = "the case is paused"


class Task:
    """The work on one case at one step.

    Attributes:
        token: raised when what was to come is no longer: an event or a place in a queue with an older one means nothing.
        left: how much work was left when the case was paused. before: the state it was then in.
        action: the one that was chosen and is waited for.
    """

    __slots__ = ("action", "before", "begun", "ends", "left", "own", "play", "queued_at", "state", "token")

    def __init__(self, play: Play, own: Own) -> None:
        self.play, self.own = play, own
        self.token = 0
        self.state = self.before = State.BLOCKED
        self.begun = self.ends = self.queued_at = play.life.now
        self.left: timedelta | None = None
        self.action: CompiledAction | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """A step as a rehearsal needs it: who works there, how long, and which ways lead out with which chance."""

    step: CompiledStep
    role: str | None
    pace: Pace
    ways: tuple[Way, ...]
    hands: Mapping[str, str]
    strands: tuple[str, ...]
    needs: Mapping[str, tuple[str, ...]]
    tally: Tally


class Play:
    """A case with the work on it. `pending` counts what is to come by itself; `since` when a step's present stay began."""

    __slots__ = ("changed", "life", "overdue", "pending", "since", "tasks")

    def __init__(self, life: Life) -> None:
        self.life = life
        self.tasks: dict[str, Task] = {}
        self.since: dict[str, datetime] = {}
        self.overdue: dict[tuple[str, str], None] = {}
        self.pending = 0
        self.changed = False


class Desk:
    """The staff of one role: `free` counts those without work; None: there are always enough."""

    __slots__ = ("busy", "free", "queue")

    def __init__(self, staff: int | None) -> None:
        self.free = staff
        self.queue: deque[tuple[Task, int]] = deque()
        self.busy = 0.0


class Desks:
    """The staff of all roles: work waits for a free member of it, first come, first served.

    `ends` is told when a task's work will have ended, once it is known.
    """

    def __init__(
        self,
        staff: Mapping[str, int | None],
        days: Mapping[str, WorkingDays],
        random: Random,
        ends: Callable[[Task], None],
    ) -> None:
        self._desks = {role: Desk(free) for role, free in staff.items()}
        self._days, self._random, self._ends = days, random, ends

    def busy(self, role: str) -> float:
        """Return how long the role was at work, in seconds, all its staff together."""
        return self._desks[role].busy

    def ask(self, task: Task) -> None:
        """Let a task be worked on as soon as somebody is free."""
        desk = self._desks[task.own.role or ""]
        task.queued_at, task.state = task.play.life.now, State.QUEUED
        task.token += 1
        if desk.free == 0:
            desk.queue.append((task, task.token))
        else:
            self._work(task, desk, task.play.life.now)

    def _work(self, task: Task, desk: Desk, now: datetime) -> None:
        if desk.free is not None:
            desk.free -= 1
        task.state, task.begun = State.AT_WORK, now
        task.own.tally.queued.append((now - task.queued_at).total_seconds())
        if task.left is not None:
            task.ends, task.left = now + task.left, None
        else:
            task.ends = task.own.pace.end(now, self._random, self._days[task.own.role or ""])
        self._ends(task)

    def release(self, task: Task) -> None:
        """Work has ended or was broken off: whoever did it takes up what has waited longest."""
        if task.state is not State.AT_WORK:
            return
        task.state = State.BLOCKED
        now = task.play.life.now
        desk = self._desks[task.own.role or ""]
        desk.busy += (now - task.begun).total_seconds()
        if desk.free is None:
            return
        desk.free += 1
        while desk.queue:
            other, token = desk.queue.popleft()
            if other.token == token:
                self._work(other, desk, now)
                return

    def drop(self, task: Task | None) -> None:
        """Break a task off: what was to come for it means nothing any more."""
        if task is not None:
            task.token += 1
            self.release(task)

    @staticmethod
    def somebody_waits(play: Play) -> bool:
        """Whether work on the case waits for staff."""
        return any(task.state is State.QUEUED for task in play.tasks.values())
