"""What a rehearsal assumes: the corridor, how many cases come, who works on them, and what happens by itself.

For designers: docs/reference/simulation.md. Terms: docs/glossary.md, "rehearsal".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, WrongUse
from engine.sop.compile import CompiledSop

BEGINS_ON: Final = date(2026, 1, 5)
"""The day on which a rehearsal begins unless it is told another: a fixed one, so that a seed says everything."""

MOST_CASES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rehearsal assumes.

    Attributes:
        destination, origin: the corridor; ISO 3166-1 alpha-2.
        per_week: how many cases arrive in a week on average, at random instants (Poisson).
        staff: role -> how many cases it can work on at once; a role that is not named has enough people.
        rates: action that is open everywhere, or that begins a line alongside -> how often a year it happens to a case.
    """

    destination: str
    origin: str
    cases: int = 1000
    seed: int = 1
    per_week: float = 5.0
    begins_on: date = BEGINS_ON
    staff: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)

    def checked(self, sop: CompiledSop) -> Setting:
        """Return it as it is.

        Raises:
            WrongUse: a number that makes no sense. UnknownName: a country, role or action the procedure does not have.
        """
        for country, known, side in (
            (self.destination, sop.sop.destination, "destination"),
            (self.origin, sop.sop.origin, "origin"),
        ):
            if country not in known:
                raise UnknownName(f'"{country}" is no country of {side} here.', [f"there are: {', '.join(known)}"])
        if not 1 <= self.cases <= MOST_CASES:
            raise WrongUse(f"a rehearsal has 1 to {MOST_CASES:,} cases, not {self.cases:,}")
        if self.seed < 0:
            raise WrongUse(f"a seed is 0 or more, not {self.seed}")
        if not 0 < self.per_week <= MOST_CASES:
            raise WrongUse(f"the number of cases that arrive in a week is more than 0, not {self.per_week:g}")
        for role, number in self.staff.items():
            if role not in sop.sop.roles:
                raise UnknownName(f'There is no role "{role}".', [did_you_mean(role, list(sop.sop.roles), "roles")])
            if number < 1:
                raise WrongUse(f'the staff of "{role}" is 1 or more, not {number}')
        known_rates = list(_by_rate(sop))
        for action, rate in self.rates.items():
            if action not in known_rates:
                hint = did_you_mean(action, known_rates, "actions that happen by themselves")
                raise UnknownName(f'"{action}" is not open everywhere and begins no line alongside.', [hint])
            if not 0 <= rate <= 1000:
                raise WrongUse(f'"{action}" can happen 0 to 1,000 times a year, not {rate:g}')
        return self


def _by_rate(sop: CompiledSop) -> dict[str, None]:
    """Name the actions that nobody waits for: those open everywhere, and those at the idle start of a line alongside."""
    own = [action for step in sop.steps.values() if step.idle for action in step.actions.values()]
    # What the world does can be played only where it says who notes it.
    played = (one for one in (*sop.everywhere.values(), *own) if not one.is_environment or one.model.noted_by)
    return dict.fromkeys(action.name for action in played if not action.is_timed)
