"""What a rehearsal has shown: outcomes, how long cases last, where they wait and for whom, which deadlines are missed.

Quantiles lie between the two nearest values, by the line between them. All figures are rounded once, here, so that the same seed
gives the same bytes. Shape: docs/reference/simulation.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

DAY: Final = 86_400


@dataclass(slots=True)
class Tally:
    """All stays at one step that have ended: how long they lasted and waited for staff (seconds), how many were due and late."""

    stays: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    dated: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class StepShown:
    """One step.

    Attributes:
        role: who works there; None where only time moves it on. country: where that role is; None on the way.
        takes: from where its length is known: given, due, assumed or none.
        even: whether its actions were chosen from evenly, because none of them has a `chance`.
    """

    step: str
    title: str
    role: str | None
    role_title: str | None
    country: str | None
    takes: str
    even: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class RoleShown:
    """One role: on how many cases it can work at once (None: enough); and on how many it had to, for the work that came in.

    `at_once` is all its work, spread over the time in which cases arrive. Where it is more than `staff`, queues only grow.
    """

    role: str
    title: str
    country: str | None
    staff: int | None
    at_once: float | None
    stays: Sequence[float]
    queued: Sequence[float]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Cases that came to no end: at which step, how many, and why in sentences."""

    step: str
    title: str
    cases: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole rehearsal; `lengths` are the closed cases' from launch to end, in seconds."""

    sop: str
    title: str
    setting: Mapping[str, Any]
    outcomes: Mapping[str, int]
    lengths: Sequence[float]
    steps: Sequence[StepShown]
    roles: Sequence[RoleShown]
    stuck: Sequence[Unfinished]
    cut: Sequence[Unfinished]
    actions: int
    moves: int

    def as_json(self) -> dict[str, Any]:
        """Return the contract's shape, and what has been added to it."""
        lengths = sorted(self.lengths)
        return {
            "sop": self.sop,
            **self.setting,
            "outcomes": dict(sorted(self.outcomes.items())),
            "days": {
                "low": days(lengths, 0),
                "median": days(lengths, 0.5),
                "p90": days(lengths, 0.9),
                "high": days(lengths, 1),
            },
            "by_step": [_step(one) for one in self.steps],
            "by_role": [_role(one) for one in self.roles],
            "stuck": [_unfinished(one) for one in self.stuck],
            "cut": [_unfinished(one) for one in self.cut],
            "actions": self.actions,
            "moves": self.moves,
        }


def _step(one: StepShown) -> dict[str, Any]:
    stays, queued = sorted(one.tally.stays), sorted(one.tally.queued)
    return {
        "step": one.step,
        "role": one.role,
        "country": one.country,
        "stays": len(stays),
        "median_days": days(stays, 0.5),
        "p90_days": days(stays, 0.9),
        "queue_median_days": days(queued, 0.5),
        "queue_p90_days": days(queued, 0.9),
        "late_share": share(one.tally.late, one.tally.dated),
        "takes": one.takes,
    }


def _role(one: RoleShown) -> dict[str, Any]:
    stays, queued = sorted(one.stays), sorted(one.queued)
    return {
        "role": one.role,
        "country": one.country,
        "staff": one.staff,
        "stays": len(stays),
        "median_days": days(stays, 0.5),
        "p90_days": days(stays, 0.9),
        "queue_median_days": days(queued, 0.5),
        "queue_p90_days": days(queued, 0.9),
        "at_once": one.at_once,
    }


def _unfinished(one: Unfinished) -> dict[str, Any]:
    return {"step": one.step, "cases": one.cases, "why": list(one.why)}


def days(ordered: Sequence[float], part: float) -> float | None:
    """Return the `part` quantile of ascending lengths in seconds, in days to one decimal; None if there are none."""
    if not ordered:
        return None
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return round((ordered[below] + (ordered[above] - ordered[below]) * (place - below)) / DAY, 1)


def share(part: int, whole: int) -> float | None:
    """Return a part of a whole to three decimals; None of nothing."""
    return round(part / whole, 3) if whole else None
