"""One simulated case: where it stands and what it remembers, changed in place by moves that are known to be allowed.

The rules are those of `engine.cases.decide` and `engine.cases.draft` ("Exact meaning" 3 to 9 of docs/reference/sop-language.md)
without what concerns messages: a rehearsal tells nobody. A case is not copied with every move, so that thousands of them can be
played in seconds. That both agree is not taken on trust: tests/analysis/test_simulation.py plays simulated cases through `decide`.

Implements `engine.sop.requirements.View`. Terms: docs/glossary.md, "configuration", "memory", "simulated case".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.calendars.business import Calendars
from engine.cases.case import Acknowledge, Enter, Fire, Launch, Move, RecordView, Take, Wake
from engine.cases.deadlines import age_in_days, due_at, instant_after, occurrences, wait_until
from engine.forms.model import FieldType
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop
from engine.sop.requirements import Guard
from engine.values import Duration, Value


@dataclass(slots=True)
class Round:
    """One occurrence of a series: when it is due, and whether it is open, recorded or lapsed."""

    due_at: datetime
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Recording:
    """A form part that is to be recorded: its slot, who enters it, what it says. `role` and `purpose` of a keyed part."""

    part: str
    key: str
    role: str | None
    purpose: str | None
    actor: str
    record: RecordView


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """A step that is to be taken up by a role."""

    step: str
    role: str
    actor: str


class Life:
    """A case from its launch to its end.

    Attributes:
        arrived, left: steps entered since the last look; steps left, each with when it was due, if that was known.
            Who looks empties these and the following two.
        timed: (step, action, instant) of timed actions that were set since the last look.
        rounds: (step, series, number, instant) of occurrences that were set since the last look.
        held, resumed: the steps that a pause has left; those it came back to, and how long it lasted.
        due: when the steps it stands at are due, as far as that is known.
        actions, seq: how many actions were taken; how many moves were made.
        diary: every move with its instant, if it is kept.
    """

    __slots__ = (
        "_among", "_coming", "_done", "_signing", "_steps", "_taken", "_today", "_voided", "acknowledgements",
        "actions", "alongside", "arrived", "attributes", "calendars", "diary", "due", "entered", "held",
        "launched_at", "left", "main", "now", "number", "outcome", "parties", "paused", "records", "resumed",
        "rounds", "seq", "series", "sop", "strands", "timed", "timers",
    )  # fmt: skip

    def __init__(self, sop: CompiledSop, number: int, calendars: Calendars, now: datetime, keep_diary: bool) -> None:
        self.sop, self.number, self.calendars = sop, number, calendars
        self.now = self.launched_at = now
        self.main = ""
        self.strands: dict[str, str] = {}
        self.alongside: dict[str, str] = {}
        self.paused: tuple[str, dict[str, str], datetime] | None = None
        self.outcome: str | None = None
        self.parties = {role: role for role in sop.sop.roles}
        self.attributes: dict[str, Value] = {}
        self.records: dict[str, RecordView] = {}
        self.entered: dict[str, tuple[int, datetime]] = {}
        self.series: dict[str, list[Round]] = {}
        self.due: dict[str, datetime] = {}
        self.timers: dict[tuple[str, str], datetime] = {}
        self.seq = self.actions = 0
        self.arrived: list[str] = []
        self.left: list[tuple[str, datetime | None]] = []
        self.timed: list[tuple[str, str, datetime]] = []
        self.rounds: list[tuple[str, str, int, datetime]] = []
        self.held: tuple[str, ...] = ()
        self.resumed: tuple[tuple[str, ...], timedelta] | None = None
        self.diary: list[tuple[datetime, Move]] | None = [] if keep_diary else None
        self._voided: dict[str, str] = {}
        self._done: dict[str, int] = {}
        self._taken: dict[str, tuple[int, ...]] = {}
        self.acknowledgements: dict[str, str] = {}
        self._among: frozenset[str] | None = None
        self._steps: tuple[str, ...] | None = None
        self._coming: datetime | None = None
        self._today: date | None = None
        self._signing: str | None = None

    def at(self, now: datetime) -> None:
        """Move on to an instant."""
        if now is not self.now:
            self.now, self._today, self._signing = now, None, None

    @property
    def today(self) -> date:
        """The day it is in the country of destination."""
        if self._today is None:
            self._today = self.now.astimezone(self.calendars.destination.zone).date()
        return self._today

    @property
    def signing_date(self) -> str:
        """Today as it stands on a form (ISO 8601)."""
        if self._signing is None:
            self._signing = self.today.isoformat()
        return self._signing

    def steps(self) -> tuple[str, ...]:
        """Every step of the configuration, in the order in which `decide` looks at them."""
        if self._steps is None:
            self._steps = (self.main, *self.strands.values(), *self.alongside.values())
        return self._steps

    # ── As requirements see it ──────────────────────────────────────────────────────────────────────────────────

    def record(self, key: str) -> RecordView | None:
        return self.records.get(key)

    def fact(self, name: str) -> Value | None:
        return self.attributes.get(name)

    def party(self, role: str) -> str | None:
        return self.parties.get(role)

    def stands_among(self, steps: frozenset[str]) -> bool:
        if self._among is None:
            self._among = frozenset(self.steps())
        return not self._among.isdisjoint(steps)

    def strand_step(self, strand: str) -> str | None:
        return self.strands.get(strand) or self.alongside.get(strand)

    def done_after(self, step: str, since: str | None) -> bool:
        done = self._done.get(step)
        return done is not None and done > self._last(since)

    def times_taken(self, action: str, since: str | None) -> int:
        last = self._last(since)
        return sum(1 for seq in self._taken.get(action, ()) if seq > last)

    def entered_at(self, step: str) -> datetime | None:
        entered = self.entered.get(step)
        return None if entered is None else entered[1]

    def acknowledged(self, step: str, role: str) -> bool:
        actor = self.acknowledgements.get(f"{step} {role}")
        return actor is not None and actor == self.parties.get(role)

    def series_over(self, step: str) -> bool:
        own = [
            self.series[f"{step}/{name}"]
            for name in self.sop.steps[step].model.series
            if f"{step}/{name}" in self.series
        ]
        return bool(own) and all(one.state != "open" for rounds in own for one in rounds)

    def age(self, signed_on: str) -> int:
        return age_in_days(date.fromisoformat(signed_on), self.now, self.calendars.destination.zone)

    def over(self, length: Duration, since: datetime | date) -> bool:
        return self.now >= wait_until(length, since, self.calendars)

    def _last(self, since: str | None) -> int:
        if since is None:
            return -1
        entered = self.entered.get(since)
        if entered is not None:
            return entered[0]
        taken = self._taken.get(since)
        return taken[-1] if taken else -1

    # ── Moves ───────────────────────────────────────────────────────────────────────────────────────────────────

    def launch(self, actor: str, facts: Mapping[str, Value]) -> None:
        """Begin: the first step, and every line alongside."""
        self._note(Launch(actor, dict(self.parties), dict(facts)))
        known: list[tuple[str, Value | None]] = []
        for name, fact in self.sop.sop.facts.items():
            if name in facts:
                known.append((name, facts[name]))
            elif fact.default is not None:
                known.append((name, self.sop.default_facts[name]))
            elif fact.type is FieldType.BOOLEAN:
                known.append((name, False))
        self._set(known)
        self._enter(self.sop.sop.start)
        for line in self.sop.sop.alongside:
            self._enter(self.sop.starts[line])
        self._lapse()

    def take(self, action: CompiledAction, step: str, actor: str) -> None:
        """Take an action that is open and whose requirements hold; a timed one has the actor "" and its time has come."""
        role = action.model.reassign
        successor = None if role is None else f"{role} {self.seq + 1}"
        self.seq += 1
        if self.diary is not None:
            self.diary.append(
                (self.now, Take(action.name, actor, step, successor) if actor else Fire(action.name, step))
            )
        self.actions += 1
        keep = self.sop.counted.get(action.name)
        if keep is not None:
            self._taken[action.name] = (*self._taken.get(action.name, ()), self.seq)[-keep:]
        if action.sets:
            self._set(action.sets)
        if action.model.voids:
            self._void(action.model.voids)
        if role is not None and successor is not None:
            self.parties[role] = successor
            self.acknowledgements = {
                key: one for key, one in self.acknowledgements.items() if not key.endswith(f" {role}")
            }
        target = action.model.to
        if target == m.RESUME:
            self._resume(step)
        elif target != m.STAY:
            self._move(action, step, target)
        self._lapse()

    def carry_out(self, asked: Recording | Acknowledging) -> None:
        """Record a form part, or acknowledge a step, where that is allowed."""
        if isinstance(asked, Acknowledging):
            self._note(Acknowledge(asked.actor, asked.step))
            self.acknowledgements[f"{asked.step} {asked.role}"] = asked.actor
            self._lapse()
            return
        record = asked.record
        self.seq += 1
        if self.diary is not None:
            told = Enter(
                asked.part, asked.actor, self.today, record.signed_by, record.fields, asked.role, asked.purpose
            )
            self.diary.append((self.now, told))
        if record.signed_on >= self._voided.get(asked.part, ""):
            self.records[asked.key] = record
            for step in self.sop.dated_by.get(asked.part, ()):
                if step in self.steps():
                    self._set_clocks(step, asked.part)
        if asked.part in self.sop.counted_in:
            self._count_for_series(asked.part)
        self._lapse()

    def wake(self) -> None:
        """Let time be noticed: what is due in a series while its requirements fail lapses."""
        self._note(Wake())
        self._lapse()

    def _lapse(self) -> None:
        if self._coming is None or self.now < self._coming:
            return
        closed = self.outcome is not None
        for name in self.steps():
            step = self.sop.steps[name]
            for one, ready in step.series_guards.items():
                late = [
                    round_
                    for round_ in self.series.get(f"{name}/{one}", ())
                    if round_.state == "open" and round_.due_at <= self.now
                ]
                if late and ready and not (closed and not step.after_end) and not hold(ready, self):
                    for round_ in late:
                        round_.state = "lapsed"
        self._look_out()

    def _look_out(self) -> None:
        """Note when the first occurrence is due that is open: before that none can lapse."""
        self._coming = min(
            (one.due_at for own in self.series.values() for one in own if one.state == "open"), default=None
        )

    def _note(self, move: Move) -> None:
        self.seq += 1
        if self.diary is not None:
            self.diary.append((self.now, move))

    # ── What moves change ───────────────────────────────────────────────────────────────────────────────────────

    def _set(self, sets: Iterable[tuple[str, Value | None]]) -> None:
        for name, value in sets:
            if value is None:
                self.attributes.pop(name, None)
            else:
                self.attributes[name] = value
        for name, causes in self.sop.implied:
            if any(self.attributes.get(cause) in values for cause, values in causes):
                self.attributes[name] = True

    def _void(self, forms: Iterable[str]) -> None:
        for form in forms:
            for part in self.sop.parts_of(form):
                self._voided[part] = self.signing_date
                self.records = {key: one for key, one in self.records.items() if key.partition(">")[0] != part}

    def _move(self, action: CompiledAction, step: str, target: str) -> None:
        if action.step is None and self.sop.steps[target].model.pause:
            self._pause(target)
            return
        if action.step is not None:
            self._done[step] = self.seq
        line = self.sop.steps[step].line
        if line in self.alongside or line in self.strands:
            self._leave(step)
        else:
            for name in (self.main, *self.strands.values()):
                self._leave(name)
            self.strands = {}
            if self.paused is not None:
                for name in (self.paused[0], *self.paused[1].values()):
                    self._leave(name)
                self.paused = None
        self._enter(target)

    def _enter(self, step: str) -> None:
        compiled = self.sop.steps[step]
        self._among = self._steps = None
        if compiled.alongside:
            self.alongside[compiled.line] = step
        elif compiled.parent is not None:
            self.strands[compiled.line] = step
        else:
            self.main = step
        self.entered[step] = (self.seq, self.now)
        self.arrived.append(step)
        if self.acknowledgements:
            prefix = f"{step} "
            self.acknowledgements = {
                key: one for key, one in self.acknowledgements.items() if not key.startswith(prefix)
            }
        if step in self.sop.clocked:
            self._set_clocks(step)
        for other in self.sop.counts_from.get(step, ()):
            if other != step and other in self.steps():
                self._set_clocks(other)
        for strand in compiled.model.strands:
            self._enter(self.sop.starts[strand])
        if compiled.parent is None and not compiled.alongside and compiled.model.end is not None:
            self.outcome = compiled.model.end

    def _leave(self, step: str) -> None:
        self.left.append((step, self.due.pop(step, None)))
        if step in self.sop.clocked:
            for name in self.sop.steps[step].model.actions:
                self.timers.pop((step, name), None)

    def _pause(self, target: str) -> None:
        self.held = (self.main, *self.strands.values())
        self.paused = (self.main, self.strands, self.now)
        self.strands = {}
        self._enter(target)

    def _resume(self, step: str) -> None:
        """Restore what the pause left: nothing is entered, and what is due there moves by the length of the pause."""
        if self.paused is None:
            return
        self._leave(step)
        self._done[step] = self.seq
        self.main, self.strands, since = self.paused
        self.paused = self._among = self._steps = None
        self._coming = self.now
        back, length = (self.main, *self.strands.values()), self.now - since
        for name in back:
            if name in self.due:
                self.due[name] += length
            for action in self.sop.steps[name].model.actions:
                if (name, action) in self.timers:
                    self._set_timer(name, action, self.timers[name, action] + length)
        self.resumed = (back, length)

    # ── Clocks ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _set_clocks(self, step: str, part: str | None = None) -> None:
        model = self.sop.steps[step].model
        due = model.due
        if due is not None and _counts_from(due.from_, part):
            origin = self._origin(due.from_, step)
            if origin is not None:
                self.due[step] = due_at(due, origin, self.calendars)
        for name, action in model.actions.items():
            automatic = action.automatic
            if automatic is not None and _counts_from(automatic.from_, part):
                start = self._origin(automatic.from_, step)
                if start is not None:
                    at = instant_after(automatic.after, start, self.calendars, automatic.calendar)
                    self._set_timer(step, name, at)
        for name, series in model.series.items():
            start = self._origin(series.from_, step)
            if start is not None and _counts_from(series.from_, part):
                self._set_series(step, name, series, start)

    def _set_timer(self, step: str, action: str, at: datetime) -> None:
        self.timers[step, action] = at
        self.timed.append((step, action, at))

    def _set_series(self, step: str, name: str, series: m.Series, start: datetime | date) -> None:
        key = f"{step}/{name}"
        known = self.series.get(key)
        fresh = [Round(one.due_at) for one in occurrences(series, start, self.calendars)]
        if known:
            again = self.entered[step][0] == self.seq
            fresh = [
                new if again and new.due_at != old.due_at else Round(new.due_at, old.state)
                for new, old in zip(fresh, known, strict=True)
            ]
        self.series[key] = fresh
        self._look_out()
        self.rounds += [(step, name, n, one.due_at) for n, one in enumerate(fresh) if one.state == "open"]

    def _origin(self, rule: m.Origin | m.FieldOfForm | None, step: str) -> datetime | date | None:
        if rule is None:
            return self.entered[step][1]
        if isinstance(rule, m.Origin) and rule.enter is not None:
            return self.entered_at(rule.enter)
        record = self.records.get(rule.form or "")
        given = record.fields.get(rule.field or "") if record is not None else None
        return date.fromisoformat(given) if isinstance(given, str) else None

    def _count_for_series(self, part: str) -> None:
        for step in self.sop.counted_in[part]:
            if step not in self.steps():
                continue
            for name, series in self.sop.steps[step].model.series.items():
                if any(part in self.sop.parts_of(form) for form in series.forms):
                    open_ones = [one for one in self.series.get(f"{step}/{name}", ()) if one.state == "open"]
                    zone = self.calendars.destination.zone
                    come = [one for one in open_ones if one.due_at.astimezone(zone).date() <= self.today]
                    for chosen in come[-1:] or open_ones[:1]:
                        chosen.state = "recorded"

    def open_actions(self) -> Iterator[tuple[CompiledAction, str]]:
        """Yield the actions that are open everywhere, with the step each is taken at."""
        if self.outcome is None:
            for action in self.sop.everywhere.values():
                target = self.sop.steps.get(action.model.to)
                twice = self.paused is not None and target is not None and target.model.pause
                if not twice and action.covers is not None and action.covers(self):
                    yield action, self.main


def hold(ready: Iterable[Guard], life: Life) -> bool:
    """Whether all these requirements hold."""
    return all(guard.holds(life) for guard in ready)


def _counts_from(origin: m.Origin | m.FieldOfForm | None, part: str | None) -> bool:
    return part is None or (origin is not None and origin.form == part)
