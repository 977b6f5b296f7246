"""The rehearsal itself: simulated cases arrive, wait for people, are worked on, and move as the procedure lets them.

One queue of events in the order of time. A case that arrives enters the first step; at each step work waits for a free member of
the role's staff, lasts as long as is drawn (`pace`), and then the case leaves by one of the step's actions, chosen by chance among
those that are open or will be when a wait is over (`plan`). A way that is closed is tried again whenever the case has changed.
Strands run side by side; their step is left when all have ended. Timed actions fire, visits of a series are made when due.

Nothing but the seed decides: no clock is read, no set is walked in its own order. It always ends: a case that nothing can move
any more is stuck, one that goes round too often is cut, and both are told.

Terms: docs/glossary.md, "rehearsal", "simulated case". For designers: docs/reference/simulation.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from random import Random
from typing import Any, Final

from engine.analysis.simulation.account import Account
from engine.analysis.simulation.life import Acknowledging, Life, Recording
from engine.analysis.simulation.pace import Staff, Way, pace_of, people_of, ways_of
from engine.analysis.simulation.plan import Planner
from engine.analysis.simulation.report import Report, Tally
from engine.analysis.simulation.setting import Setting
from engine.analysis.simulation.work import Desks, Own, Play, State, Task
from engine.analysis.uninterrupted import uninterrupted
from engine.calendars.business import Calendars
from engine.sop import model as m
from engine.sop.compile import CompiledAction, CompiledSop, CompiledStep
from engine.sop.requirements import Sentences, flattened

MOST_ACTIONS: Final = 1000
"""After so many actions a case is cut: it goes round in the procedure."""

OLDEST: Final = timedelta(days=20 * 365)
"""A case that lasts longer is cut: whatever it waits for will not come."""

MORNING_OF_DUE: Final = timedelta(hours=12)
"""A visit is made so long before the end of the day on which it is due."""


def simulate(
    sop: CompiledSop,
    setting: Setting,
    calendars: Calendars,
    progress: Callable[[int], None] | None = None,
    diaries: Callable[[Life], None] | None = None,
) -> Report:
    """Play a whole rehearsal.

    Args:
        progress: told how many cases have come to their end, after each.
        diaries: given each case when it has ended, with every move it made.
    Raises:
        WrongUse, UnknownName: as `Setting.checked` does. CalendarTooShort: beyond the years that `calendars` know (see `years`).
    """
    with uninterrupted():
        return _Rehearsal(sop, setting.checked(sop), calendars, progress, diaries).run()


class _Event(IntEnum):
    ARRIVAL = 0
    WORKED = 1
    RETRY = 2
    TIMER = 3
    VISIT = 4
    LAPSE = 5
    RATE = 6


class _Rehearsal:
    def __init__(
        self,
        sop: CompiledSop,
        setting: Setting,
        calendars: Calendars,
        progress: Callable[[int], None] | None,
        diaries: Callable[[Life], None] | None,
    ) -> None:
        self._sop, self._setting, self._calendars = sop, setting, calendars
        self._progress, self._diaries = progress, diaries
        self._random = Random(setting.seed)
        self._staff = Staff(sop)
        self._planner = Planner(sop, self._staff)
        self._own = {name: self._prepare(step) for name, step in sop.steps.items() if not step.is_end}
        self._desks = Desks(
            {role: setting.staff.get(role) for role in sop.sop.roles},
            {role: self._staff.days(role, calendars) for role in sop.sop.roles},
            self._random,
            lambda task: self._push(task.ends, _Event.WORKED, task, task.token),
        )
        self._events: list[tuple[datetime, int, _Event, Any, Any]] = []
        self._order = 0
        self._begins = datetime.combine(setting.begins_on, time(0, 0), tzinfo=UTC)
        self._arrived = self._over = 0
        self._account = Account(sop, setting, self._own, self._desks, self._staff, self._begins)

    def _prepare(self, step: CompiledStep) -> Own:
        own = people_of(step)
        role = self._staff.of(step)
        needs = {action.name: self._lines_in(guard.requirement for guard in action.guards) for action in own}
        return Own(
            step,
            role,
            pace_of(step.model),
            ways_of(step),
            {action.name: self._staff.hand_of(action, role) for action in own},
            self._sop.strands_of.get(step.name, ()),
            {name: lines for name, lines in needs.items() if lines},
            Tally(),
        )

    def _lines_in(self, requirements: Iterable[m.Requirement]) -> tuple[str, ...]:
        """Name the lines alongside that have to move before these can hold."""
        found: list[str] = []
        for one in flattened(requirements):
            match one:
                case m.AtRequirement(at=steps):
                    found += steps
                case m.StepDoneRequirement(step_done=step):
                    found.append(step)
                case m.TakenRequirement(taken=taken) if taken.at_least is not None:
                    found += [step.name for step in self._sop.steps.values() if taken.action in step.actions]
        lines = (self._sop.steps[name].line for name in found if self._sop.steps[name].alongside)
        return tuple(dict.fromkeys(lines))

    # ── Time goes on ────────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> Report:
        self._next_arrival(self._begins)
        events = self._events
        while events:
            at, _, event, whom, what = heapq.heappop(events)
            if event is _Event.ARRIVAL:
                self._arrive(at)
                continue
            play: Play = whom.play if isinstance(whom, Task) else whom
            play.pending -= event is not _Event.RATE
            if play.life.outcome is not None:
                continue
            play.life.at(at)
            self._happen(event, play, whom, what)
            self._settle(play)
        return self._account.report()

    def _happen(self, event: _Event, play: Play, whom: Any, what: Any) -> None:
        match event:
            case _Event.WORKED if whom.token == what:
                self._desks.release(whom)
                self._choose(whom)
            case _Event.RETRY if whom.token == what:
                self._choose(whom)
            case _Event.TIMER:
                step, name, at = what
                if play.life.timers.get((step, name)) == at:
                    play.overdue[step, name] = None
                    play.changed = True
            case _Event.VISIT:
                self._visit(play, *what)
            case _Event.LAPSE:
                self._lapse(play, *what)
            case _Event.RATE:
                self._happen_by_rate(play, what)

    def _push(self, at: datetime, event: _Event, whom: Any, what: Any = None) -> None:
        self._order += 1
        if event is not _Event.RATE:
            play = whom.play if isinstance(whom, Task) else whom
            if play is not None:
                play.pending += 1
        heapq.heappush(self._events, (at, self._order, event, whom, what))

    def _next_arrival(self, after: datetime) -> None:
        if self._arrived < self._setting.cases:
            weeks = self._random.expovariate(self._setting.per_week)
            self._push(after + timedelta(seconds=round(weeks * 604_800)), _Event.ARRIVAL, None)

    def _arrive(self, now: datetime) -> None:
        self._arrived += 1
        self._account.last_arrival = now
        life = Life(self._sop, self._arrived, self._calendars, now, self._diaries is not None)
        play = Play(life)
        start = self._own.get(self._sop.sop.start)
        role = start.role if start is not None else None
        life.launch(life.parties[role or next(iter(self._sop.sop.roles))], {})
        for name in self._setting.rates:
            self._next_by_rate(play, name)
        self._settle(play)
        self._next_arrival(now)

    # ── A case moves ────────────────────────────────────────────────────────────────────────────────────────────

    def _settle(self, play: Play) -> None:
        """See what the last move has changed, and let follow what can follow at once."""
        life = play.life
        while True:
            self._look(play)
            if life.outcome is not None:
                self._close(play)
                return
            if life.actions >= MOST_ACTIONS or life.now - life.launched_at > OLDEST:
                self._give_up(play)
                return
            if not play.changed and not self._unblocked(play):
                return
            play.changed = False
            for step, name in list(play.overdue):
                self._fire(play, step, name)
            for task in list(play.tasks.values()):
                if task.state is State.BLOCKED and not play.changed:
                    self._choose(task)

    def _unblocked(self, play: Play) -> bool:
        """Whether the last resort has moved a case to which nothing will come by itself; one that nothing can move ends."""
        if play.pending or self._desks.somebody_waits(play):
            return False
        if self._last_resort(play):
            return play.changed
        if not any(self._setting.rates.values()):
            self._strand(play)
        return False

    def _look(self, play: Play) -> None:
        """Take up what the case has left, what a pause has held, what it has entered, and the clocks that were set."""
        life = play.life
        if life.left:
            for step, due in life.left:
                self._left(play, step, due)
            life.left = []
        if life.held:
            for step in life.held:
                self._hold(play, step)
            life.held = ()
        if life.arrived:
            for step in life.arrived:
                self._entered(play, step)
            life.arrived = []
        if life.resumed is not None:
            for step in life.resumed[0]:
                self._resume(play, step, life.resumed[1])
            life.resumed = None
        if life.timed:
            for step, name, at in life.timed:
                self._push(max(at, life.now), _Event.TIMER, play, (step, name, at))
            life.timed = []
        if life.rounds:
            for step, name, number, due_at in life.rounds:
                self._push(max(due_at - MORNING_OF_DUE, life.now), _Event.VISIT, play, (step, name, number, due_at))
            life.rounds = []

    def _entered(self, play: Play, step: str) -> None:
        own = self._own.get(step)
        if own is None:
            return
        play.since[step] = play.life.now
        if own.role is not None and (not own.step.idle or own.pace.source == "given"):
            self._begin(play, own)

    def _begin(self, play: Play, own: Own) -> None:
        task = play.tasks[own.step.name] = Task(play, own)
        if own.pace.source == "none":
            play.changed = True
        else:
            self._desks.ask(task)

    def _left(self, play: Play, step: str, due: datetime | None) -> None:
        own, since = self._own.get(step), play.since.pop(step, None)
        if own is None or since is None:
            return
        self._desks.drop(play.tasks.pop(step, None))
        if play.overdue:
            play.overdue = {key: None for key in play.overdue if key[0] != step}
        if not own.step.idle:
            own.tally.stays.append((play.life.now - since).total_seconds())
            if due is not None:
                own.tally.dated += 1
                own.tally.late += play.life.now > due

    def _hold(self, play: Play, step: str) -> None:
        task = play.tasks.get(step)
        if task is not None:
            if task.state is State.AT_WORK:
                task.left = task.ends - play.life.now
            task.before = task.state
            self._desks.drop(task)
            task.state = State.HELD

    def _resume(self, play: Play, step: str, length: timedelta) -> None:
        if step in play.since:
            play.since[step] += length
        # What came due during the pause has moved on with it, and comes again at its new instant.
        play.overdue = {key: None for key in play.overdue if key[0] != step}
        for name in self._sop.steps[step].model.series:
            for number, one in enumerate(play.life.series.get(f"{step}/{name}", ())):
                if one.state == "open" and one.due_at <= play.life.now:
                    self._push(play.life.now, _Event.VISIT, play, (step, name, number, one.due_at))
        task = play.tasks.get(step)
        if task is None:
            return
        if task.before in (State.QUEUED, State.AT_WORK):
            self._desks.ask(task)
        elif task.before is State.LEFT_TO_TIME:
            task.state = task.before
        else:
            task.state = State.BLOCKED
            play.changed = True

    def _choose(self, task: Task, at_last: bool = False) -> None:
        """Leave the step by one of its actions, or find out from when on that is possible."""
        play, own = task.play, task.own
        life = play.life
        if task.action is not None and (self._try(task, task.action) or self._awaits(task, task.action)):
            return
        task.action, task.state = None, State.BLOCKED
        if own.strands and not at_last:
            ends = self._sop.scope.ends
            if any(life.strands.get(strand) not in ends for strand in own.strands):
                return
        ways = [way for way in own.ways if way[0] is not None] if at_last else list(own.ways)
        while ways:
            action, _ = ways.pop(self._draw(ways))
            if action is None:
                task.state = State.LEFT_TO_TIME
                return
            if self._try(task, action) or (not at_last and self._awaits(task, action)):
                return

    def _awaits(self, task: Task, action: CompiledAction) -> bool:
        """Wait for the lines alongside that an action lacks, if they are on their way; one that stands idle is begun for it."""
        if action.name not in task.own.needs:
            return False
        play, life = task.play, task.play.life
        waiting = False
        for line in self._lines_in(self._planner.closed_by(life, action)):
            own = self._own.get(life.alongside[line])
            if own is None:
                continue
            if own.step.idle and own.role is not None and own.step.name not in play.tasks:
                self._begin(play, own)
            other = play.tasks.get(own.step.name)
            is_timed = any((own.step.name, name) in life.timers for name in own.step.actions)
            waiting = waiting or is_timed or (other is not None and other.state is not State.BLOCKED)
        if waiting:
            task.action, task.state = action, State.BLOCKED
        return waiting

    def _draw(self, ways: Sequence[Way]) -> int:
        """Draw one of the ways by its chance; ways without any are left for the last, one as likely as the other."""
        if len(ways) == 1:
            return 0
        total = sum(weight for _, weight in ways)
        drawn = self._random.random() * (total or len(ways))
        for place, (_, weight) in enumerate(ways):
            drawn -= weight if total else 1
            if drawn < 0:
                return place
        return len(ways) - 1

    def _try(self, task: Task, action: CompiledAction) -> bool:
        """Take an action, or wait for the day on which it opens; answers whether it is one or the other."""
        life = task.play.life
        at, moves = self._planner.attempt(life, action, self._random)
        if at is None:
            return False
        if at > life.now:
            self._carry_out(task.play, moves)
            task.action, task.state = action, State.WAITING
            task.token += 1
            self._push(at, _Event.RETRY, task, task.token)
            return True
        self._take(task.play, action, task.own.step.name, task.own.hands[action.name], moves)
        return True

    def _take(
        self,
        play: Play,
        action: CompiledAction,
        step: str,
        role: str,
        moves: Sequence[Recording | Acknowledging],
    ) -> None:
        self._carry_out(play, moves)
        play.life.take(action, step, play.life.parties[role] if role else "")
        play.changed = True

    def _carry_out(self, play: Play, moves: Sequence[Recording | Acknowledging]) -> None:
        for move in moves:
            play.life.carry_out(move)
            play.changed = True

    def _fire(self, play: Play, step: str, name: str) -> None:
        """Let a timed action happen whose time has come, or wait for what it still requires."""
        life = play.life
        if (step, name) not in play.overdue or step not in life.steps():
            return
        action = self._sop.steps[step].actions[name]
        at = self._planner.opens_at(life, action)
        if at is None:
            return
        del play.overdue[step, name]
        if at > life.now:
            self._push(at, _Event.TIMER, play, (step, name, life.timers[step, name]))
            return
        self._take(play, action, step, "", ())
        self._look(play)

    def _visit(self, play: Play, step: str, name: str, number: int, due_at: datetime) -> None:
        """Make the visit of a series that is due today; it lapses at the end of the day if its requirements fail."""
        life = play.life
        if step not in life.steps() or not self._is_open(play, step, name, number, due_at):
            return
        if all(guard.holds(life) for guard in self._sop.steps[step].series_guards[name]):
            series = self._sop.steps[step].model.series[name]
            for part in (part for form in series.forms for part in self._sop.parts_of(form)):
                moves = self._planner.record(life, part, self._random)
                if moves:
                    self._carry_out(play, moves)
                    return
        self._push(max(due_at, life.now), _Event.LAPSE, play, (step, name, number, due_at))

    def _lapse(self, play: Play, step: str, name: str, number: int, due_at: datetime) -> None:
        life = play.life
        if step not in life.steps() or not self._is_open(play, step, name, number, due_at):
            return
        ready = self._sop.steps[step].series_guards[name]
        if not all(guard.holds(life) for guard in ready):
            life.wake()
            play.changed = True

    def _is_open(self, play: Play, step: str, name: str, number: int, due_at: datetime) -> bool:
        one = play.life.series[f"{step}/{name}"][number]
        return one.state == "open" and one.due_at == due_at

    def _happen_by_rate(self, play: Play, name: str) -> None:
        """Take an action that happens by itself, if it is open and nothing stands against it; and wait for the next time."""
        life = play.life
        self._next_by_rate(play, name)
        found = [(action, step) for action, step in life.open_actions() if action.name == name]
        found += [
            (self._sop.steps[step].actions[name], step)
            for step in life.alongside.values()
            if self._sop.steps[step].idle and name in self._sop.steps[step].actions
        ]
        for action, step in found[:1]:
            at, moves = self._planner.attempt(life, action, self._random)
            if at == life.now:
                self._take(play, action, step, self._staff.hand_of(action), moves)

    def _next_by_rate(self, play: Play, name: str) -> None:
        rate = self._setting.rates[name]
        if rate:
            years = self._random.expovariate(rate)
            self._push(play.life.now + timedelta(seconds=round(years * 31_557_600)), _Event.RATE, play, name)

    # ── The end of a case ───────────────────────────────────────────────────────────────────────────────────────

    def _last_resort(self, play: Play) -> bool:
        """Leave the main step as if its strands had ended, or without waiting for time; answers whether that helped."""
        task = play.tasks.get(play.life.main)
        if task is None or not (task.state is State.LEFT_TO_TIME or task.own.strands):
            return False
        self._choose(task, at_last=True)
        return task.state is not State.BLOCKED or play.changed

    def _close(self, play: Play) -> None:
        life = play.life
        self._account.outcomes[life.outcome or ""] += 1
        self._account.lengths.append((life.now - life.launched_at).total_seconds())
        self._end(play)

    def _give_up(self, play: Play) -> None:
        """End a case that goes round, or that has become too old; one that only hoped for something to happen was stuck."""
        if play.life.actions < MOST_ACTIONS and not play.pending:
            self._strand(play)
            return
        self._account.cut[self._where(play.life)] += 1
        self._end(play)

    def _strand(self, play: Play) -> None:
        life = play.life
        step = self._where(life)
        self._account.stuck[step, tuple(self._why(life, step))] += 1
        self._end(play)

    def _end(self, play: Play) -> None:
        life = play.life
        for task in play.tasks.values():
            self._desks.drop(task)
        play.tasks = {}
        life.outcome = life.outcome or "unfinished"
        self._account.actions += life.actions
        self._account.moves += life.seq
        self._over += 1
        if self._diaries is not None:
            self._diaries(life)
        if self._progress is not None:
            self._progress(self._over)

    def _where(self, life: Life) -> str:
        """Name the step at which a case hangs: a strand's that has not ended, else the main one."""
        return next((step for step in life.strands.values() if step in self._own), life.main)

    def _why(self, life: Life, step: str) -> list[str]:
        sentences = Sentences(self._sop.scope, "en")
        said: dict[str, None] = {}
        for action in people_of(self._own[step].step) if step in self._own else ():
            for requirement in self._planner.closed_by(life, action):
                said[f"{sentences.action(action.name)}: {sentences.of(requirement)}"] = None
        return list(said)
