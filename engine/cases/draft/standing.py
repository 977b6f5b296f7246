"""Where a case stands while a move is worked on: the case that was, and all of it that the move may change."""

from __future__ import annotations

from datetime import datetime

from engine.cases.case import Case, Facts, Moment
from engine.cases.effects import Effect
from engine.cases.view import CaseView
from engine.sop.compile import CompiledSop
from engine.values import Side


def active_steps(sop: CompiledSop, case: Case) -> tuple[str, ...]:
    """Return the steps at which something can happen: all of the configuration; of a closed case what goes on after it."""
    if not case.main:
        return ()
    if case.outcome is None:
        return case.steps()
    return tuple(step for step in case.alongside.values() if sop.steps[step].after_end)


class Standing:
    """A case as far as a move has changed it; `effects` grow in the order in which things happen."""

    def __init__(self, sop: CompiledSop, case: Case, facts: Facts, now: datetime) -> None:
        self.sop, self.now = sop, now
        self._old, self._old_facts = case, facts
        self.seq = case.seq + 1
        self._moment = Moment(self.seq, now)
        self._today = now.astimezone(facts.calendars.destination.zone).date()
        self._calendars = facts.calendars
        self._main, self._strands, self._alongside = case.main, dict(case.strands), dict(case.alongside)
        self._paused = case.paused
        self.parties = dict(case.parties)
        self._entered, self._done, self._taken = dict(case.entered), dict(case.done), dict(case.taken)
        self._acknowledged, self._series = dict(case.acknowledged), dict(case.series)
        self._told, self._offered, self._withheld = set(case.told), set(case.offered), dict(case.withheld)
        self._outcome, self._closed_at = case.outcome, case.closed_at
        self._due, self._wake, self._armed = dict(case.due), case.wake, set(case.armed)
        self._halts, self._armed_at = dict(case.halts), dict(case.armed_at)
        self._muted = set(case.muted)
        self._records, self._voided = facts.records, facts.voided
        self._attributes = facts.attributes
        self._unshares = False
        self.effects: list[Effect] = []
        self._left: list[str] = []
        self._new: list[str] = []
        self._side: Side = Side.DESTINATION
        self._turn: dict[str, tuple[str, str]] = {}
        self._inform: dict[str, tuple[str, str]] = {}
        self._unasked: set[str] = set()
        self._happened: list[tuple[str, str]] = []

    def active(self) -> tuple[str, ...]:
        """Return what `active_steps` says of the case as it now stands."""
        if self._outcome is None:
            return self._standing()
        return tuple(step for step in self._alongside.values() if self.sop.steps[step].after_end)

    def _standing(self) -> tuple[str, ...]:
        return (self._main, *self._strands.values(), *self._alongside.values())

    def _is_left(self, step: str) -> bool:
        """Whether the case has left this step for a pause, and will come back to it."""
        return self._paused is not None and step in (self._paused.main, *self._paused.strands.values())

    def view(self) -> CaseView:
        return CaseView(self.case(), self.facts(), self.now)

    def case(self) -> Case:
        """Return the case as it now stands."""
        old = self._old
        return Case(
            old.ref, old.sop, old.version, old.destination, old.origin, old.launched_at, self._main, self.seq,
            self._strands, self._alongside, self._paused, self.parties, self._entered, self._done, self._taken,
            self._acknowledged, self._series, frozenset(self._told), frozenset(self._offered), self._withheld,
            self._outcome, self._closed_at, self._due, self._wake, frozenset(self._armed), self._halts,
            self._armed_at, frozenset(self._muted),
        )  # fmt: skip

    def facts(self) -> Facts:
        return Facts(self._calendars, self._records, self._voided, self._attributes)
