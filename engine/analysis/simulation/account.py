"""What a rehearsal has shown: kept while it goes on, and summed up at its end.

Terms: docs/glossary.md, "rehearsal". For designers: docs/reference/simulation.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.analysis.simulation.pace import Staff
from engine.analysis.simulation.report import Report, RoleShown, StepShown, Unfinished
from engine.analysis.simulation.setting import Setting
from engine.analysis.simulation.work import Desks, Own
from engine.sop.compile import CompiledSop
from engine.sop.requirements import Sentences, words
from engine.values import Side


class Account:
    """How cases ended and how long they took.

    Attributes:
        outcomes: how many cases came to each outcome. lengths: seconds from launch to end of those that did.
        stuck: cases that nothing could move any more, by the step and the reasons. cut: those that went round, by the step.
        actions, moves: how many were made in all cases that are over. last_arrival: when the last case began.
    """

    def __init__(
        self, sop: CompiledSop, setting: Setting, own: Mapping[str, Own], desks: Desks, staff: Staff, begins: datetime
    ) -> None:
        self._sop, self._setting, self._own = sop, setting, own
        self._desks, self._staff, self._begins = desks, staff, begins
        self.outcomes: Counter[str] = Counter()
        self.lengths: list[float] = []
        self.stuck: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.cut: Counter[str] = Counter()
        self.actions = self.moves = 0
        self.last_arrival = begins

    def report(self) -> Report:
        """Return all that the rehearsal has shown."""
        setting, sentences = self._setting, Sentences(self._sop.scope, "en")
        steps = [
            StepShown(
                name,
                sentences.step(name),
                own.role,
                None if own.role is None else sentences.role(own.role),
                self._country(own.role),
                own.pace.source,
                len(own.ways) > 1 and all(action is not None and action.model.chance is None for action, _ in own.ways),
                own.tally,
            )
            for name, own in self._own.items()
            if own.tally.stays
        ]
        return Report(
            sop=self._sop.sop.sop,
            title=words(self._sop.sop.title, "en"),
            setting={
                "cases": setting.cases, "seed": setting.seed, "from": setting.destination, "to": setting.origin,
                "begins_on": setting.begins_on.isoformat(), "per_week": setting.per_week,
                "staff": dict(sorted(setting.staff.items())), "rates": dict(sorted(setting.rates.items())),
            },
            outcomes=self.outcomes,
            lengths=self.lengths,
            steps=steps,
            roles=[self._role(role, sentences, steps) for role in self._sop.sop.roles if _works(role, steps)],
            stuck=[
                Unfinished(step, sentences.step(step), count, why)
                for (step, why), count in sorted(self.stuck.items(), key=lambda one: (-one[1], one[0]))
            ],
            cut=[
                Unfinished(step, sentences.step(step), count, ())
                for step, count in sorted(self.cut.items(), key=lambda one: (-one[1], one[0]))
            ],
            actions=self.actions,
            moves=self.moves,
        )  # fmt: skip

    def _role(self, role: str, sentences: Sentences, steps: Sequence[StepShown]) -> RoleShown:
        own = [one.tally for one in steps if one.role == role]
        staff = self._setting.staff.get(role)
        span = (self.last_arrival - self._begins).total_seconds()
        at_once = round(self._desks.busy(role) / span, 1) if span else None
        stays = [stay for tally in own for stay in tally.stays]
        queued = [wait for tally in own for wait in tally.queued]
        return RoleShown(role, sentences.role(role), self._country(role), staff, at_once, stays, queued)

    def _country(self, role: str | None) -> str | None:
        if role is None:
            return None
        sides = {Side.DESTINATION: self._setting.destination, Side.ORIGIN: self._setting.origin}
        return sides.get(self._staff.side(role))


def _works(role: str, steps: Sequence[StepShown]) -> bool:
    return any(one.role == role for one in steps)
