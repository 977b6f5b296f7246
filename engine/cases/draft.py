"""A case in the making: what one move changes, and whom it concerns.

A `Draft` is made for one decision and thrown away. It leaves and enters steps, keeps the memory that requirements read, sets
and ends deadlines, and at the end (`settle`) decides who is told. Rules: "Exact meaning" 3 to 9 of
docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from engine.cases.case import PAUSE, Case, Facts, Halt, Moment, Occurrence, Paused, RecordView, suspension
from engine.cases.deadlines import Schedule, instant_after, occurrences, schedule, wait_until
from engine.cases.effects import (
    CancelMessages,
    CloseCase,
    Effect,
    EndDeadline,
    HoldDeadlines,
    Notify,
    ReopenCase,
    SetDeadline,
    ShiftDeadlines,
)
from engine.cases.foresight import FORESEEN, announcement, foreseen
from engine.cases.sharing import EVERYBODY, MUTED, hold, is_muted, why_not_told, why_withheld
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop, Watch
from engine.values import Kind, MessageKind, Side, Value

ASYLUM = "asylum_pending"
"""The fact that bars every word to authorities and consulates while it is true (Directive 2013/32/EU, art. 30)."""


def active_steps(sop: CompiledSop, case: Case) -> tuple[str, ...]:
    """Return the steps at which something can happen: all of the configuration; of a closed case what goes on after it."""
    if not case.main:
        return ()
    if case.outcome is None:
        return case.steps()
    return tuple(step for step in case.alongside.values() if sop.steps[step].after_end)


Start = m.Origin | m.FieldOfForm | None
"""From where a clock counts; None: from entering its step."""


def _open(due: Schedule) -> Occurrence:
    return Occurrence(due.due_at)


def _any_start(_: Start) -> bool:
    return True


class Draft:
    """One move's work on a case; `effects` grow in the order in which things happen."""

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

    # ── What the decision asks ──────────────────────────────────────────────────────────────────────────────────

    def acting(self, role: str, actor: str) -> None:
        """Note from which side of the border word goes out: the acting role's, else the one of whoever speaks for it.

        The system, like a coordinator who is no party, stands on the side of the destination.
        """
        own = sorted(name for name, party in self.parties.items() if party == actor)
        for name in (role, *own):
            known = self.sop.sop.roles.get(name)
            if known is not None and known.side in (Side.DESTINATION, Side.ORIGIN):
                self._side = known.side
                return

    def active(self) -> tuple[str, ...]:
        """Return what `active_steps` says of the case as it now stands."""
        if self._outcome is None:
            return self._standing()
        return tuple(step for step in self._alongside.values() if self.sop.steps[step].after_end)

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

    # ── Facts, records, parties ─────────────────────────────────────────────────────────────────────────────────

    def set_facts(self, sets: Iterable[tuple[str, Value | None]]) -> None:
        """Set facts, then those that follow from them (`implied_by`)."""
        wanted = list(sets)
        if not wanted:
            return
        attributes = dict(self._attributes)
        for name, value in wanted:
            if value is None:
                attributes.pop(name, None)
            else:
                attributes[name] = value
        # What follows may itself have followers, in whatever order they are written.
        for _ in self.sop.implied:
            for name, causes in self.sop.implied:
                if any(attributes.get(cause) in values for cause, values in causes):
                    attributes[name] = True
        self._attributes = attributes
        self._unshares |= any(name in self.sop.share_reads for name, _ in wanted)

    def void(self, parts: Iterable[str]) -> None:
        """All records of these parts so far count no more; one signed before today doesn't revive them."""
        for form in parts:
            for part in self.sop.parts_of(form):
                self._records = {key: record for key, record in self._records.items() if key.partition(">")[0] != part}
                self._voided = {**self._voided, part: self._today.isoformat()}
                self._unshares |= part in self.sop.share_reads
                self._date_changed(part)

    def record(self, key: str, part: str, record: RecordView) -> bool:
        """Let the newest record count; answers whether this one is it."""
        self._happened.append(("record", part))
        voided, known = self._voided.get(part), self._records.get(key)
        if (voided is not None and record.signed_on < voided) or (known and record.signed_on < known.signed_on):
            return False
        self._records = {**self._records, key: record}
        self._unshares |= part in self.sop.share_reads
        self._date_changed(part)
        return True

    def assign(self, role: str, actor: str) -> None:
        """Let another actor stand for a role; what the last one acknowledged lapses with the name it was given under.

        The new actor has been told nothing, and what waits in the outbox for the last one is no longer theirs: who has
        been told of the case is asked to stop.
        """
        last = self.parties.get(role)
        if last is not None:
            self.effects.append(CancelMessages(role))
            if last != actor and self._may_be_stopped(role):
                self.effects.append(Notify(MessageKind.FOR_INFORMATION, role, self._main, "stop", actor=last))
        self.parties[role] = actor
        self._lapse_acknowledgements(role)
        self._told.discard(role)
        self._unshares = True

    def turn_at(self, step: str, roles: Iterable[str]) -> None:
        """Tell these roles that it is their turn at a step."""
        for role in roles:
            self._turn.setdefault(role, (step, "your_turn"))

    def turn_over(self, role: str) -> None:
        """Tell a new actor of the steps that wait for its role."""
        for step in self.active():
            if role in self.sop.steps[step].model.responsible and not self.sop.steps[step].idle:
                self._turn.setdefault(role, (step, "your_turn"))

    def acknowledge(self, step: str, role: str, actor: str) -> None:
        """Take up a step: who sent it from the other side of the border hears so, once."""
        is_first = not self._is_acknowledged(step)
        self._acknowledged[f"{step} {role}"] = actor
        self._happened.append(("acknowledge", step))
        if is_first:
            roles = self.sop.sop.roles
            for sender in self.sop.senders.get(step, ()):
                if roles[sender].side is not roles[role].side:
                    self._inform.setdefault(sender, (step, "taken_up"))
            self._count_acknowledgements(step)

    def _is_acknowledged(self, step: str) -> bool:
        return any(slot.startswith(f"{step} ") for slot in self._acknowledged)

    def _lapse_acknowledgements(self, role: str) -> None:
        """What a role has acknowledged lapses with its actor; what was met by it is due again."""
        own = [slot for slot in self._acknowledged if slot.endswith(f" {role}")]
        self._acknowledged = {slot: who for slot, who in self._acknowledged.items() if slot not in own}
        for slot in own:
            self._count_acknowledgements(slot.removesuffix(f" {role}"))

    def _count_acknowledgements(self, step: str) -> None:
        """Set or end a deadline that is met once its step is acknowledged."""
        due = self.sop.steps[step].model.due
        if due is not None and due.until is not None and step in self._standing():
            self._set_due(step)

    def heard(self, told: Iterable[str], withheld: Iterable[tuple[str, str]]) -> None:
        """Note whom a reminder or an escalation has told of the case, and from whom one was withheld."""
        self._told.update(told)
        for role, step in withheld:
            self._withheld.setdefault(role, step)

    def note_taken(self, action: str) -> None:
        """Remember the last takings of an action, as many as any requirement counts."""
        self._happened.append(("action", action))
        keep = self.sop.counted.get(action)
        if keep is not None:
            self._taken[action] = (*self._taken.get(action, ()), self.seq)[-keep:]

    # ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────

    def move(self, action: CompiledAction, step: str, target: str) -> None:
        """Leave the old step and enter the new one: in its line, or, for an action open everywhere, the whole main step."""
        line = self.sop.steps[step].line
        if action.step is None and self.sop.steps[target].model.pause:
            self._pause(target)
            return
        if action.step is not None:
            self._done[step] = self._moment
        if line in self._alongside or line in self._strands:
            self._leave(step)
        else:
            self._leave_main()
            self._end_pause()
        self.enter(target)

    def enter(self, step: str) -> None:
        """Enter a step: a main one starts all its strands anew."""
        compiled = self.sop.steps[step]
        if compiled.alongside:
            self._alongside[compiled.line] = step
        elif compiled.parent is not None:
            self._strands[compiled.line] = step
        else:
            self._main = step
        self._entered[step] = self._moment
        self._new.append(step)
        self._forget(step)
        self._start_clocks(step)
        for strand in compiled.model.strands:
            self.enter(self.sop.starts[strand])
        if compiled.parent is None and not compiled.alongside and compiled.model.end is not None:
            self._close(compiled.model.end)

    def _leave(self, step: str) -> None:
        self._left.append(step)
        self._stop_clocks(step)

    def _stop_clocks(self, step: str) -> None:
        if step in self.sop.clocked:
            self._due.pop(step, None)
            self._halts.pop(step, None)
            self.effects.append(EndDeadline(step))

    def _end_pause(self) -> None:
        """A paused case that goes elsewhere never comes back to what it left: nothing there is due any more."""
        if self._paused is not None:
            for step in (self._paused.main, *self._paused.strands.values()):
                self._stop_clocks(step)
            self._paused = None

    def _leave_main(self) -> None:
        for step in (self._main, *self._strands.values()):
            self._leave(step)
        self._strands = {}

    def _forget(self, step: str) -> None:
        """What was acknowledged, announced, counted and suspended at a step lapses when it is entered again."""
        prefix = f"{step} "
        self._acknowledged = {k: v for k, v in self._acknowledged.items() if not k.startswith(prefix)}
        self._halts.pop(step, None)
        if self.sop.steps[step].actions:
            self._offered -= {f"{step}.{action}" for action in self.sop.steps[step].actions}

    def _pause(self, target: str) -> None:
        self._paused = Paused(self._main, dict(self._strands), self.now)
        held = (self._main, *self._strands.values())
        self.effects.append(HoldDeadlines(held))
        self._left.extend(held)
        self._strands = {}
        self.enter(target)

    def resume(self, step: str) -> None:
        """Restore the configuration that the pause left; nothing is entered, due dates move by the pause's length."""
        if self._paused is None:
            return
        paused = self._entered[step].seq
        self._leave(step)
        self._done[step] = self._moment
        self._main, self._strands = self._paused.main, dict(self._paused.strands)
        back = (self._main, *self._strands.values())
        length = self.now - self._paused.since
        self.effects.append(ShiftDeadlines(back, length.total_seconds()))
        for name in back:
            if name in self.sop.clocked:
                halt = Halt(paused, self._paused.since, self.now, PAUSE)
                self._halts[name] = (*self._halts.get(name, ()), halt)
            if name in self._due:
                self._due[name] += length
            for series in self.sop.steps[name].model.series:
                rounds = self._series.get(f"{name}/{series}", ())
                self._series[f"{name}/{series}"] = tuple(Occurrence(one.due_at + length, one.state) for one in rounds)
        self._paused = None
        for name in set(back) & self.sop.clocked:
            if suspension(self._halts.get(name, ())) is not None:
                self._set_due(name)
            self._set_clocks(name, lambda start: self._changed_since(start, paused))
        for name in back:
            for role in self.sop.steps[name].model.responsible:
                self._turn.setdefault(role, (name, "your_turn"))

    def _close(self, outcome: str) -> None:
        self._outcome, self._closed_at = outcome, self.now
        for step in self._alongside.values():
            if not self.sop.steps[step].after_end:
                self._stop_clocks(step)
        self.effects.append(CloseCase(outcome))

    def reopen(self, step: str, target: str) -> None:
        """Bring back a closed case, or a strand that had ended; what ran alongside stands as it stood."""
        if self._outcome is not None:
            self._outcome, self._closed_at = None, None
            self.effects.append(ReopenCase())
            for beside in self._alongside.values():
                if not self.sop.steps[beside].after_end:
                    self._start_clocks(beside)
        self._left.append(step)
        self.enter(target)

    # ── Clocks ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _start_clocks(self, step: str) -> None:
        """Set the deadlines of a step whose origin is known, and those of others that count from its entry."""
        if step in self.sop.clocked:
            self._set_clocks(step)
        for other in self.sop.counts_from.get(step, ()):
            if other != step and other in self._standing():
                self._set_clocks(other, lambda start: getattr(start, "enter", None) == step)
        for watch in self.sop.watches_from.get(step, ()):
            self._set_watch(watch)

    def _standing(self) -> tuple[str, ...]:
        return (self._main, *self._strands.values(), *self._alongside.values())

    def _date_changed(self, part: str) -> None:
        """A date on this form part has become known, is another one, or is known no more."""
        for step in self.sop.dated_by.get(part, ()):
            if step in self._standing():
                self._set_clocks(step, lambda start: start is not None and start.form == part)
        for watch in self.sop.watches_from.get(part, ()):
            self._set_watch(watch)

    def _changed_since(self, start: Start, seq: int) -> bool:
        """Whether the origin of a clock became known after this entry of the history, or is not known (any more)."""
        if start is None:
            return False
        enter = getattr(start, "enter", None)
        known = self._entered.get(enter) if enter is not None else self._records.get(start.form or "")
        return known is None or known.seq > seq

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

    def _pauses(self, step: str, start: Start) -> tuple[Halt, ...]:
        """Return the pauses of the case that moved a clock of this step; not one that counts from what became known later."""
        halts = self._halts.get(step, ())
        return tuple(one for one in halts if one.reason == PAUSE and not self._changed_since(start, one.seq))

    def _suspensions(self, step: str) -> tuple[Halt, ...]:
        return tuple(one for one in self._halts.get(step, ()) if one.reason != PAUSE)

    def _is_left(self, step: str) -> bool:
        """Whether the case has left this step for a pause, and will come back to it."""
        return self._paused is not None and step in (self._paused.main, *self._paused.strands.values())

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

    def recount(self) -> None:
        """Count every clock that runs or is held anew, by the calendars as they are now."""
        left = (self._paused.main, *self._paused.strands.values()) if self._paused is not None else ()
        for step in (*self.active(), *left):
            if step in self.sop.clocked:
                self._set_clocks(step)
        watches = {trigger.watch.id: trigger.watch for found in self.sop.watched.values() for trigger in found}
        for name in sorted(self._armed_at.keys() & watches.keys()):
            self._set_watch(watches[name])

    def _end_clock(self, step: str, name: str, runs: bool) -> None:
        if runs:
            self.effects.append(EndDeadline(step, name))

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

    # ── What safeguards watch ───────────────────────────────────────────────────────────────────────────────────

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

    # ── Who is told ─────────────────────────────────────────────────────────────────────────────────────────────

    def inform(self, tell: Sequence[m.Tell], step: str) -> None:
        """Note whom the action's `tell` names."""
        for one in tell:
            if one.without_consent is not None:
                self._unasked.add(one.role)
            self._inform[one.role] = (step, "stop" if one.as_ == "stop" else "for_information")

    def settle(self, fields: Mapping[str, Value] | None = None) -> None:
        """Decide who is told, withhold what consent does not cover, and set when time alone may change something.

        `fields`: of the form that was recorded, if the move is a record.
        """
        self._lapse()
        for step in self._new:
            compiled = self.sop.steps[step]
            # Where a line alongside idles there is nothing to do yet.
            for role in () if compiled.idle else compiled.model.responsible:
                self._turn.setdefault(role, (step, "your_turn"))
        self._tell_the_side_left()
        if self._outcome is not None and self._old.outcome is None:
            for role in sorted(self._told):
                self._inform.setdefault(role, (self._main, "closed"))
        view = self.view()
        self._look_ahead(view)
        wake = self._announce(view)
        if self._unshares:
            self._cancel_unshared(view)
        self._release(view)
        for role, (step, template) in self._turn.items():
            self._notify(MessageKind.YOUR_TURN, role, step, template, view)
        for role, (step, template) in self._inform.items():
            if role not in self._turn or template == "stop":
                self._notify(MessageKind.FOR_INFORMATION, role, step, template, view)
        self._wake_at(wake)
        if self.sop.watched:
            self._watch(fields or {})

    def _wake_at(self, wake: datetime | None) -> None:
        """Keep one deadline of the whole case at which time alone may open something."""
        if wake == self._wake:
            return
        self._wake = wake
        self.effects.append(EndDeadline("", "wake") if wake is None else SetDeadline("wake", "", "wake", wake))

    def _tell_the_side_left(self) -> None:
        roles = self.sop.sop.roles
        sides = {roles[role].side for step in self._new for role in self.sop.steps[step].model.responsible}
        if not sides:
            return
        for step in self._left:
            for role in self.sop.steps[step].model.responsible:
                if roles[role].side not in sides:
                    self._inform.setdefault(role, (self._new[0], "for_information"))

    def _announce(self, view: CaseView) -> datetime | None:
        """Tell of each action that has become allowed, once; answers when the next wait is over.

        Not of everywhere, idle, environment and reopen actions.
        """
        wake: datetime | None = None
        for step in self.active():
            for action in self.sop.steps[step].announced:
                if action.key in self._offered:
                    continue
                if hold(action.guards, view):
                    self._offered.add(action.key)
                    for role in action.model.by:
                        known = self.sop.sop.roles.get(role)
                        if known is not None and known.side is not Side.PERSON:
                            self._turn.setdefault(role, (step, "allowed"))
                    continue
                for over in self._ends_of_waits(action):
                    if over > self.now and (wake is None or over < wake):
                        wake = over
        return wake

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

    def _notify(self, kind: MessageKind, role: str, step: str, template: str, view: CaseView) -> None:
        if role not in self.parties:
            return
        if template == "stop":
            if self._may_be_stopped(role):
                self.effects.append(Notify(kind, role, step, template, MUTED if is_muted(view.case, role) else ""))
            return
        withheld = self._why_withheld(role, view)
        if role in self._unasked and withheld != MUTED:
            withheld = ""
        if withheld:
            if kind is MessageKind.YOUR_TURN:
                self._withheld[role] = step
        else:
            self._told.add(role)
            self._withheld.pop(role, None)
        self.effects.append(Notify(kind, role, step, template, withheld))

    def _may_be_stopped(self, role: str) -> bool:
        """Only who was told can be asked to stop; no authority or consulate while an asylum claim is pending."""
        official = self.sop.sop.roles[role].kind in (Kind.AUTHORITY, Kind.CONSULATE)
        return role in self._told and not (official and self._attributes.get(ASYLUM) is True)

    def _why_withheld(self, role: str, view: CaseView) -> str:
        return why_not_told(self.sop, role, view, self._side)

    def _cancel_unshared(self, view: CaseView) -> None:
        """What is queued for somebody whose consent has just gone may no longer leave; it counts as withheld."""
        before = CaseView(self._old, self._old_facts, self.now)
        self.silence(
            role
            for role in sorted(self._told & self.parties.keys())
            if why_withheld(self.sop, role, view) and not why_withheld(self.sop, role, before)
        )

    def silence(self, roles: Iterable[str]) -> None:
        """Let what is queued for these roles stay here: they may no longer be told; it counts as withheld."""
        view = self.view()
        for role in roles:
            self.effects.append(CancelMessages(role))
            step = self._waits_for(role, view)
            if step is not None:
                self._withheld.setdefault(role, step)

    def mute(self, role: str, off: bool) -> None:
        """Let nobody contact a role (empty: anybody) from now on; or let it be told again, and hear what waits for it."""
        before = self._muted.copy()
        self._muted.symmetric_difference_update({role})
        if not off:
            concerned = self.parties if role == EVERYBODY else [role]
            self.silence(one for one in concerned if not before & {one, EVERYBODY})

    def _release(self, view: CaseView) -> None:
        """Tell what was withheld, once it may be told whoever asks, and while something still waits for the role."""
        for role in list(self._withheld):
            if not self._why_withheld(role, view) and not why_withheld(self.sop, role, view):
                del self._withheld[role]
                step = self._waits_for(role, view)
                if step is not None:
                    self._turn.setdefault(role, (step, "your_turn"))

    def _waits_for(self, role: str, view: CaseView) -> str | None:
        """Return the first step where it is this role's turn: it is responsible, or may take an action that was announced."""
        for step in self.active():
            compiled = self.sop.steps[step]
            if role in compiled.model.responsible and not compiled.idle:
                return step
            for action in compiled.announced:
                if role in action.by and action.key in self._offered and hold(action.guards, view):
                    return step
        return None
