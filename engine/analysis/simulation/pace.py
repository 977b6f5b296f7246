"""How long the work of a step takes, and by whom it is done.

A length is drawn from the triangle of low, typical and high: as `takes` says; where a step has none, from its deadline;
where it has neither, an assumption of ours. Working days are whole ones, in the calendar of the country whose role works; other
lengths are elapsed time, and the work ends on a working day, unless all three are written in hours: those run round the clock.

Terms: docs/glossary.md, "rehearsal". For designers: docs/reference/simulation.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal

from engine.calendars.business import Calendars, WorkingDays
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop, CompiledStep
from engine.values import Duration, Side, Unit

OF_DUE: Final = (0.2, 0.6, 1.2)
"""Low, typical and high as parts of `due.within`, where a step does not say what it takes: one in fifteen is then late."""

ASSUMED: Final = (0.0, 1.0, 3.0)
"""Low, typical and high in days for a step that has neither `takes` nor `due.within`."""

Source = Literal["given", "due", "assumed", "none"]
"""Where a length comes from; none: the step has no work of its own, because it lasts as long as its strands do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one step's work takes, in days, and from where that is known."""

    source: Source
    low: float
    typical: float
    high: float
    in_working_days: bool
    round_the_clock: bool

    def end(self, start: datetime, random: Random, days: WorkingDays) -> datetime:
        """Draw when work that is begun at `start` ends."""
        return self.end_after(start, random.triangular(self.low, self.high, self.typical), days)

    def end_after(self, start: datetime, length: float, days: WorkingDays) -> datetime:
        """Return when work of `length` days that is begun at `start` ends; the time of day is that of the start."""
        if self.in_working_days:
            begun = start.astimezone(days.zone).date()
            return start + (days.add(begun, round(length)) - begun)
        end = start + timedelta(seconds=round(length * 86_400))
        if self.round_the_clock:
            return end
        day = end.astimezone(days.zone).date()
        return end if days.is_working_day(day) else end + (days.add(day, 1) - day)


def pace_of(step: m.Step) -> Pace:
    """Return how long the work of a step takes."""
    takes, due = step.takes, step.due
    if takes is not None:
        return _pace("given", (takes.low, takes.typical, takes.high), (1, 1, 1))
    if step.strands:
        return Pace("none", 0, 0, 0, in_working_days=False, round_the_clock=True)
    if due is not None and due.within is not None and due.from_ is None:
        return _pace("due", (due.within, due.within, due.within), OF_DUE)
    return Pace("assumed", *ASSUMED, in_working_days=False, round_the_clock=False)


def _pace(source: Source, lengths: tuple[Duration, Duration, Duration], parts: tuple[float, float, float]) -> Pace:
    low, typical, high = (length.count_in_days * part for length, part in zip(lengths, parts, strict=True))
    units = {length.unit for length in lengths}
    return Pace(source, low, typical, high, Unit.WORKING_DAY in units, units == {Unit.HOUR})


class Staff:
    """Who does the work of each step and takes its actions, and in which country that is."""

    def __init__(self, sop: CompiledSop) -> None:
        self._sop = sop

    def of(self, step: CompiledStep) -> str | None:
        """Return the role that works at a step: of those responsible, the one who takes most of its actions.

        None where only time or the world moves it on.
        """
        own = people_of(step)
        if not own:
            return None
        roles = list(dict.fromkeys(self._hand(role) for role in step.model.responsible))
        if not roles:
            return self.hand_of(own[0])
        ways = [(action, weight) for action, weight in ways_of(step) if action is not None]
        shares = {role: sum(weight for action, weight in ways if self._may(role, action)) for role in roles}
        return max(roles, key=lambda role: shares[role])

    def hand_of(self, action: CompiledAction, prefer: str | None = None) -> str:
        """Return the role that takes an action: `prefer` if it may, else the first that may."""
        if prefer is not None and self._may(prefer, action):
            return prefer
        if action.is_environment:
            return action.model.noted_by[0]
        return self._hand(action.model.by[0]) if m.ANY not in action.by else next(iter(self._sop.sop.roles))

    def recorder(self, by: frozenset[str]) -> str | None:
        """Return the role that enters a form which these may record; None if nobody may."""
        return self._hand(min(by)) if by else None

    def side(self, role: str) -> Side:
        return self._sop.sop.roles[role].side

    def days(self, role: str, calendars: Calendars) -> WorkingDays:
        """Return the working days of a role's country; on the way those of the country of destination."""
        return calendars.origin if self.side(role) is Side.ORIGIN else calendars.destination

    def _hand(self, role: str) -> str:
        """The person's acts are entered by somebody who may."""
        known = self._sop.sop.roles[role]
        return known.acts_for[0] if known.side is Side.PERSON else role

    def _may(self, role: str, action: CompiledAction) -> bool:
        if action.is_environment:
            return role in action.model.noted_by
        speaks_for = (person for person, hands in self._sop.acts_for.items() if role in hands)
        return m.ANY in action.by or role in action.by or any(person in action.by for person in speaks_for)


Way = tuple[CompiledAction | None, float]
"""An action, or None: it is left to time; and in how many of a hundred cases it is the way out of its step."""


def ways_of(step: CompiledStep) -> tuple[Way, ...]:
    """Return the ways out of a step. What `chance` leaves is time's where a timed action leads out, else the others' alike."""
    own = people_of(step)
    said = [action.model.chance for action in own]
    left = 100 - sum(one for one in said if one is not None)
    if any(action.is_timed for action in step.actions.values()):
        given = [(action, one) for action, one in zip(own, said, strict=True) if one is not None]
        return (*given, (None, left))
    silent = said.count(None)
    return tuple((action, left / silent if one is None else one) for action, one in zip(own, said, strict=True))


def people_of(step: CompiledStep) -> list[CompiledAction]:
    """Return the actions that people take, neither time nor the world."""
    return [action for action in step.actions.values() if not (action.is_timed or action.is_environment)]
