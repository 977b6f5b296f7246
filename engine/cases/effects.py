"""What follows from a decision: the closed list. The application writes each in the transaction of the move.

Terms: docs/glossary.md, "effect".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.cases.deadlines import Alarm
from engine.values import MessageKind


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell a role. `withheld` says why it may not be told yet (empty: it may); `template` names the words.

    `actor` is set where the one told no longer stands for the role.
    """

    kind: MessageKind
    role: str
    step: str
    template: str
    withheld: str = ""
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """From now on this is due. `kind` is due, timed, series, foresee, wake or watch; `name` tells apart the deadlines of one step.

    A `wake` and a `watch` (the deadline of a safeguard, named by its id) belong to the case: their step is empty.
    `held`: its clock stands still, and nothing comes of it until it is set anew.
    """

    kind: str
    step: str
    name: str
    due_at: datetime
    alarms: tuple[Alarm, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class EndDeadline:
    """No longer due; `name` None ends all of the step, `step` None all of the case."""

    step: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class HoldDeadlines:
    """The case is paused: the deadlines of these steps stand still until they are shifted."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShiftDeadlines:
    """A paused case goes on: every held deadline of these steps moves by the length of the pause (seconds)."""

    steps: tuple[str, ...]
    by_seconds: float


@dataclass(frozen=True, slots=True)
class CancelMessages:
    """What is queued for this role may no longer go out: the consent it rested on is gone."""

    role: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    outcome: str


@dataclass(frozen=True, slots=True)
class ReopenCase:
    """A closed case is open again."""


Effect = Notify | SetDeadline | EndDeadline | HoldDeadlines | ShiftDeadlines | CancelMessages | CloseCase | ReopenCase
