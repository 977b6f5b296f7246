"""The clocks of a case in the making: deadlines, timed actions, series, and what safeguards wait for.

A clock runs from the moment its origin is known, moves when that moves, and ends when its step is left. How its instants are
counted is `engine.cases.deadlines`'. Rules: "Exact meaning" 5, 6 and 9 of docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from engine.cases.case import PAUSE, Halt, Occurrence, suspension
from engine.cases.deadlines import Schedule, instant_after, occurrences, schedule, wait_until
from engine.cases.draft.standing import Standing
from engine.cases.effects import EndDeadline, Notify, SetDeadline
from engine.cases.foresight import FORESEEN, announcement, foreseen
from engine.cases.sharing import hold
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledAction, Watch
from engine.values import Value

Start = m.Origin | m.FieldOfForm | None
"""From where a clock counts; None: from entering its step."""


def _open(due: Schedule) -> Occurrence:
    return Occurrence(due.due_at)


def _any_start(_: Start) -> bool:
    return True


class Timing(Standing):
    """A case whose clocks are set, moved, stopped and ended."""

    def _start_clocks(self, step: str) -> None:
        """Set the deadlines of a step whose origin is known, and those of others that count from its entry."""
        if step in self.sop.clocked:
            self._set_clocks(step)
        for other in self.sop.counts_from.get(step, ()):
            if other != step and other in self._standing():
                self._set_clocks(other, lambda start: getattr(start, "enter", None) == step)
        for watch in self.sop.watches_from.get(step, ()):
            self._set_watch(watch)

    def _date_changed(self, part: str) -> None:
        """A date on this form part has become known, is another one, or is known no more."""
        for step in self.sop.dated_by.get(part, ()):
            if step in self._standing():
                self._set_clocks(step, lambda start: start is not None and start.form == part)
        for watch in self.sop.watches_from.get(part, ()):
            self._set_watch(watch)

    def _set_clocks(self, step: str, concerned: Callable[[Start], bool] = _any_start) -> None:
        """Set the clocks of a step, those that count from what is `concerned`; end one whose origin is not known any more."""
        model = self.sop.steps[step].model
        entered = self._entered[step].at
        if model.due is not None and concerned(model.due.from_):
            self._set_due(step)
        for name, action in model.actions.items():
            if action.automatic is not None and concerned(action.automatic.from_):
                start = self._origin(action.automatic.from_, entered)
                if start is None:
                    self._end_clock(step, name, self._entered[step] is not self._moment)
                else:
                    at = instant_after(
                        action.automatic.after, start, self._calendars, action.automatic.calendar,
                        self._pauses(step, action.automatic.from_),
                    )  # fmt: skip
                    self.effects.append(SetDeadline("timed", step, name, at, held=self._is_left(step)))
        for name, series in model.series.items():
            if concerned(series.from_):
                self._set_series(step, name, series, self._origin(series.from_, entered))

    def _set_due(self, step: str) -> None:
        """Set the deadline of a step; it is not due at any time while it is suspended."""
        rule = self.sop.steps[step].model.due
        if rule is None:
            return
        halts = (*self._pauses(step, rule.from_), *self._suspensions(step))
        is_suspended = suspension(halts) is not None
        was_due = self._due.pop(step, None) is not None
        origin = self._origin(rule.from_, self._entered[step].at)
        if origin is None or (rule.until is not None and self._is_acknowledged(step)):
            self._end_clock(step, "due", was_due or is_suspended)
            return
        due = schedule(rule, origin, self._calendars, sorted(halts, key=lambda one: one.since))
        if not is_suspended:
            self._due[step] = due.due_at
        held = is_suspended or self._is_left(step)
        self.effects.append(SetDeadline("due", step, "due", due.due_at, due.alarms, held))

    def _is_acknowledged(self, step: str) -> bool:
        return any(slot.startswith(f"{step} ") for slot in self._acknowledged)

    def _count_acknowledgements(self, step: str) -> None:
        """Set or end a deadline that is met once its step is acknowledged."""
        due = self.sop.steps[step].model.due
        if due is not None and due.until is not None and step in self._standing():
            self._set_due(step)

    def _end_clock(self, step: str, name: str, runs: bool) -> None:
        if runs:
            self.effects.append(EndDeadline(step, name))

    def _stop_clocks(self, step: str) -> None:
        if step in self.sop.clocked:
            self._due.pop(step, None)
            self._halts.pop(step, None)
            self.effects.append(EndDeadline(step))

    def _origin(self, rule: Start, entered: datetime) -> datetime | date | None:
        if rule is None:
            return entered
        enter = getattr(rule, "enter", None)
        if enter is not None:
            known = self._entered.get(enter)
            return None if known is None else known.at
        record = self._records.get(rule.form or "")
        given = record.fields.get(rule.field or "") if record is not None else None
        return date.fromisoformat(given) if isinstance(given, str) else None

    def _changed_since(self, start: Start, seq: int) -> bool:
        """Whether the origin of a clock became known after this entry of the history, or is not known (any more)."""
        if start is None:
            return False
        enter = getattr(start, "enter", None)
        known = self._entered.get(enter) if enter is not None else self._records.get(start.form or "")
        return known is None or known.seq > seq

    def recount(self) -> None:
        """Count every clock that runs or is held anew, by the calendars as they are now."""
        left = (self._paused.main, *self._paused.strands.values()) if self._paused is not None else ()
        for step in (*self.active(), *left):
            if step in self.sop.clocked:
                self._set_clocks(step)
        watches = {trigger.watch.id: trigger.watch for found in self.sop.watched.values() for trigger in found}
        for name in sorted(self._armed_at.keys() & watches.keys()):
            self._set_watch(watches[name])

    # ── Clocks that stand still ───────────────────────────────────────────────────────────────────────────────────────

    def suspend(self, step: str, reason: str) -> None:
        """Let the clock of a step's deadline stand still."""
        self._halts[step] = (*self._halts.get(step, ()), Halt(self.seq, self.now, None, reason))
        self._set_due(step)

    def go_on(self, step: str) -> None:
        """Let the clock of a step's deadline go on, with what was left of it."""
        self._halts[step] = tuple(
            one if one.until is not None else Halt(one.seq, one.since, self.now, one.reason)
            for one in self._halts.get(step, ())
        )
        self._set_due(step)

    def _pauses(self, step: str, start: Start) -> tuple[Halt, ...]:
        """Return the pauses of the case that moved a clock of this step; not one that counts from what became known later."""
        halts = self._halts.get(step, ())
        return tuple(one for one in halts if one.reason == PAUSE and not self._changed_since(start, one.seq))

    def _suspensions(self, step: str) -> tuple[Halt, ...]:
        return tuple(one for one in self._halts.get(step, ()) if one.reason != PAUSE)

    # ── What comes round ──────────────────────────────────────────────────────────────────────────────────────────────

    def _set_series(self, step: str, name: str, series: m.Series, start: datetime | date | None) -> None:
        """Lay out the occurrences, none while `start` is not known; what was recorded or has lapsed stays so when dates move."""
        known = self._series.setdefault(f"{step}/{name}", ())
        if start is None:
            for number, one in enumerate(known):
                self._end_clock(step, f"{name}:{number}", one.state == "open")
            return
        rounds = occurrences(series, start, self._calendars, self._pauses(step, series.from_))
        states = [one.state for one in known] or ["open"] * len(rounds)
        if self._entered[step] is self._moment:
            # Entered again: what was recorded of the same day is not asked for twice; another day is a round of its own.
            states = [
                old.state if old.due_at == due.due_at else "open"
                for due, old in zip(rounds, known or map(_open, rounds), strict=True)
            ]
        self._series[f"{step}/{name}"] = tuple(
            Occurrence(due.due_at, state) for due, state in zip(rounds, states, strict=True)
        )
        for number, (due, state) in enumerate(zip(rounds, states, strict=True)):
            if state == "open":
                self.effects.append(
                    SetDeadline("series", step, f"{name}:{number}", due.due_at, due.alarms, self._is_left(step))
                )

    def count_for_series(self, part: str) -> None:
        """A record counts for the latest occurrence whose day has come and that is open, else for the next one."""
        for step in self.sop.counted_in.get(part, ()):
            if step not in self._standing():
                continue
            for name, series in self.sop.steps[step].model.series.items():
                if not any(part in self.sop.parts_of(form) for form in series.forms):
                    continue
                key = f"{step}/{name}"
                rounds = list(self._series.get(key, ()))
                zone = self._calendars.destination.zone
                open_ones = [n for n, one in enumerate(rounds) if one.state == "open"]
                come = [n for n in open_ones if rounds[n].due_at.astimezone(zone).date() <= self._today]
                chosen = come[-1] if come else (open_ones[0] if open_ones else None)
                if chosen is not None:
                    rounds[chosen] = Occurrence(rounds[chosen].due_at, "recorded")
                    self._series[key] = tuple(rounds)
                    self.effects.append(EndDeadline(step, f"{name}:{chosen}"))

    def _lapse(self) -> None:
        """An occurrence that is due while its requirements fail lapses."""
        for step in self.active():
            for name, ready in self.sop.steps[step].series_guards.items():
                key = f"{step}/{name}"
                rounds = list(self._series.get(key, ()))
                late = [number for number, one in enumerate(rounds) if one.state == "open" and one.due_at <= self.now]
                if not ready or not late or hold(ready, self.view()):
                    continue
                for number in late:
                    rounds[number] = Occurrence(rounds[number].due_at, "lapsed")
                    self.effects.append(EndDeadline(step, f"{name}:{number}"))
                self._series[key] = tuple(rounds)

    def _look_ahead(self, view: CaseView) -> None:
        """Announce what will be too old on a planned day, where that is new; a renewal or another day ends it."""
        back = self._old.paused is not None and self._paused is None
        before = CaseView(self._old, self._old_facts, self.now)
        for step in self.active():
            foresight = self.sop.steps[step].foresight
            if foresight is None:
                continue
            begins = back or self._entered[step] is self._moment
            known, ahead = None if begins else foreseen(foresight, before), foreseen(foresight, view)
            if ahead is None:
                self._end_clock(step, FORESEEN, back or known is not None)
            elif ahead.adds_to(known):
                self.effects.append(announcement(foresight, ahead, step, view))

    # ── What safeguards watch ─────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, fields: Mapping[str, Value]) -> None:
        """Arm the deadlines of safeguards whose X has happened, and end those whose Y has, in the order of things."""
        told = [("tell", one.role) for one in self.effects if isinstance(one, Notify) and not one.withheld]
        entered = [("enter", step) for step in self._new]
        for event in (*self._happened, *(("leave", step) for step in self._left), *entered, *told):
            for trigger in self.sop.watched.get(event, ()):
                if any(fields.get(name) not in allowed for name, allowed in trigger.where):
                    continue
                if not trigger.arms:
                    self._disarm(trigger.watch)
                elif trigger.watch.id not in self._armed and self._concerns(trigger.watch):
                    self._armed.add(trigger.watch.id)
                    self._armed_at[trigger.watch.id] = self.now
                    self._set_watch(trigger.watch)

    def _concerns(self, watch: Watch) -> bool:
        """Facts that narrow a safeguard are read before the move's `sets`; at the launch there is no before."""
        return hold(watch.when, CaseView(self._old, self._old_facts, self.now) if self._old.main else self.view())

    def _set_watch(self, watch: Watch) -> None:
        """Set an armed deadline, once its origin is known; it belongs to the case and to no step."""
        if watch.id in self._armed:
            origin = self._origin(watch.rule.from_, self._armed_at.get(watch.id, self.now))
            if origin is not None:
                due = schedule(watch.rule, origin, self._calendars)
                self.effects.append(SetDeadline("watch", "", watch.id, due.due_at, due.alarms))

    def _disarm(self, watch: Watch) -> None:
        if watch.id in self._armed:
            self._armed.discard(watch.id)
            self._armed_at.pop(watch.id, None)
            self.effects.append(EndDeadline("", watch.id))

    # ── When time alone may open something ────────────────────────────────────────────────────────────────────────────

    def _wake_at(self, wake: datetime | None) -> None:
        """Keep one deadline of the whole case at which time alone may open something."""
        if wake == self._wake:
            return
        self._wake = wake
        self.effects.append(EndDeadline("", "wake") if wake is None else SetDeadline("wake", "", "wake", wake))

    def _ends_of_waits(self, action: CompiledAction) -> Iterator[datetime]:
        for guard in action.guards:
            for waited in guard.waits:
                over = self._over(waited)
                if over is not None:
                    yield over

    def _over(self, waited: m.Waited) -> datetime | None:
        since: datetime | date | None
        if waited.from_ is not None:
            since = self._origin(waited.from_, self.now)
        else:
            entered = self._entered.get(waited.since or "")
            since = None if entered is None else entered.at
        return None if since is None else wait_until(waited.at_least, since, self._calendars)
