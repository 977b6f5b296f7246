"""The changes that a move makes to a case: facts, records, parties, what is remembered, and the steps left and entered.

Rules: "Exact meaning" 3 to 5 of docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.cases.case import PAUSE, Halt, Occurrence, Paused, RecordView, suspension
from engine.cases.draft.telling import Telling
from engine.cases.effects import (
    CancelMessages,
    CloseCase,
    HoldDeadlines,
    Notify,
    ReopenCase,
    ShiftDeadlines,
)
from engine.sop.compile import CompiledAction
from engine.values import MessageKind, Value


class Draft(Telling):
    """One move's work on a case: made for it, and thrown away."""

    # ── Facts, records, parties ───────────────────────────────────────────────────────────────────────────────────────

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

    def _lapse_acknowledgements(self, role: str) -> None:
        """What a role has acknowledged lapses with its actor; what was met by it is due again."""
        own = [slot for slot in self._acknowledged if slot.endswith(f" {role}")]
        self._acknowledged = {slot: who for slot, who in self._acknowledged.items() if slot not in own}
        for slot in own:
            self._count_acknowledgements(slot.removesuffix(f" {role}"))

    def note_taken(self, action: str) -> None:
        """Remember the last takings of an action, as many as any requirement counts."""
        self._happened.append(("action", action))
        keep = self.sop.counted.get(action)
        if keep is not None:
            self._taken[action] = (*self._taken.get(action, ()), self.seq)[-keep:]

    # ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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

    # ── Pauses ────────────────────────────────────────────────────────────────────────────────────────────────────────

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

    def _end_pause(self) -> None:
        """A paused case that goes elsewhere never comes back to what it left: nothing there is due any more."""
        if self._paused is not None:
            for step in (self._paused.main, *self._paused.strands.values()):
                self._stop_clocks(step)
            self._paused = None
