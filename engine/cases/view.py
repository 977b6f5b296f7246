"""A case as requirements see it: the configuration, what is remembered, what is known, at one instant.

Implements `engine.sop.requirements.View`. Terms: docs/glossary.md, "configuration", "memory".
"""

from __future__ import annotations

from datetime import date, datetime

from engine.cases.case import PAUSE, Case, Facts, Halt, Moment, RecordView
from engine.cases.deadlines import age_in_days, wait_until
from engine.sop.model import FieldOfForm, Origin
from engine.values import Duration, Value


class CaseView:
    """Answers the questions of requirements about one case at the instant `now` (aware)."""

    __slots__ = ("_steps", "case", "facts", "now")

    def __init__(self, case: Case, facts: Facts, now: datetime) -> None:
        self.case, self.facts, self.now = case, facts, now
        self._steps = frozenset(case.steps())

    def record(self, key: str) -> RecordView | None:
        return self.facts.records.get(key)

    def fact(self, name: str) -> Value | None:
        return self.facts.attributes.get(name)

    def party(self, role: str) -> str | None:
        return self.case.parties.get(role)

    def stands_among(self, steps: frozenset[str]) -> bool:
        return not self._steps.isdisjoint(steps)

    def strand_step(self, strand: str) -> str | None:
        return self.case.strands.get(strand) or self.case.alongside.get(strand)

    def done_after(self, step: str, since: str | None) -> bool:
        done = self.case.done.get(step)
        return done is not None and done.seq > self._last(since)

    def times_taken(self, action: str, since: str | None) -> int:
        last = self._last(since)
        return sum(1 for seq in self.case.taken.get(action, ()) if seq > last)

    def entered_at(self, step: str) -> datetime | None:
        entered = self.case.entered.get(step)
        return None if entered is None else entered.at

    def pauses(self, step: str, start: Origin | FieldOfForm | None) -> tuple[Halt, ...]:
        """Return the pauses of the case that moved a clock of `step` which counts from `start` (None: from its entry).

        A clock whose origin became known only after the pause has nothing to make up for.
        """
        known = self._seq_of(start)
        halts = self.case.halts.get(step, ())
        return tuple(one for one in halts if one.reason == PAUSE and known is not None and known <= one.seq)

    def _seq_of(self, start: Origin | FieldOfForm | None) -> int | None:
        """Return the number of the history entry with which the origin of a clock became known; None while it is not."""
        if start is None:
            return 0
        enter = getattr(start, "enter", None)
        known = self.case.entered.get(enter) if enter is not None else self.record(start.form or "")
        return None if known is None else known.seq

    def acknowledged(self, step: str, role: str) -> bool:
        """An acknowledgement counts for the actor who gave it, for as long as that actor stands for the role."""
        actor = self.case.acknowledged.get(f"{step} {role}")
        return actor is not None and actor == self.case.parties.get(role)

    def series_over(self, step: str) -> bool:
        prefix = f"{step}/"
        rounds = [rounds for name, rounds in self.case.series.items() if name.startswith(prefix)]
        # A series whose beginning is not known has no rounds yet, and is not over.
        return bool(rounds) and all(every and all(one.state != "open" for one in every) for every in rounds)

    def age(self, signed_on: str) -> int:
        return age_in_days(date.fromisoformat(signed_on), self.now, self.facts.calendars.destination.zone)

    def over(self, length: Duration, since: datetime | date) -> bool:
        return self.now >= wait_until(length, since, self.facts.calendars)

    def _last(self, since: str | None) -> int:
        """Number of the history entry with which a step was last entered or an action last taken; -1 if never."""
        if since is None:
            return -1
        entered: Moment | None = self.case.entered.get(since)
        if entered is not None:
            return entered.seq
        taken = self.case.taken.get(since)
        return taken[-1] if taken else -1
