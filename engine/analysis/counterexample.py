"""A path to harm, played on the engine: from what the checker found to a case that really goes that way.

What is found is a list of moves, each with what had to hold for it; here it becomes people, forms and days. Every move is put
to `engine.cases.decide`. Where something is not yet as a move needs it, what is missing is put into the plan at the latest point
at which it can be (a form while it can be recorded, a strand's steps, days to wait, a fact at launch) and the case is played on
from there. A plan that meets a refusal that cannot be mended raises `DoesNotRun`; a path that was not run is never shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from engine.analysis.classes import ABSENT, MISSING, OTHER, Said, SlotClasses, says_yes
from engine.analysis.logic import (
    At,
    Closed,
    Cube,
    Elapsed,
    HasAcknowledged,
    Knows,
    Leaf,
    Same,
    Says,
    SeriesOver,
    StepDone,
    TakenOften,
)
from engine.analysis.moves import Moves, Way
from engine.analysis.questions import Trigger
from engine.analysis.slices import (
    NEVER,
    OVER,
    Classes,
    Counted,
    Event,
    FactOf,
    LineOf,
    Monitor,
    State,
    Step,
    Tests,
    Watched,
)
from engine.analysis.state_space import Space
from engine.calendars.almanac import shipped
from engine.cases.case import (
    Acknowledge,
    Assign,
    Case,
    Enter,
    Facts,
    Fire,
    Launch,
    Move,
    Take,
    Wake,
)
from engine.cases.deadlines import instant_after, wait_until
from engine.cases.decide import Decision, begun, decide, options
from engine.cases.draft import active_steps
from engine.cases.effects import Effect, Notify
from engine.cases.view import CaseView
from engine.forms.model import FieldType, FormField
from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledSop
from engine.sop.requirements import flattened, guards, own_reads
from engine.values import Duration, Side, Value

FIRST_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday; what counts in a path is how many days later something happens."""

MOST_MENDINGS = 400
MOST_REPLAYED = 6_000
"""So many moves are played again, at most, to see which ones a path can do without."""


class DoesNotRun(Exception):
    """A path that was found is refused by the engine; the text says where, `lacking` which questions had the wrong answer there."""

    def __init__(self, text: str, lacking: frozenset[Leaf] = frozenset()) -> None:
        super().__init__(text)
        self.lacking = lacking


@dataclass(frozen=True, slots=True)
class Happening:
    """One move of a path.

    Attributes:
        kind: launch, action, record, acknowledge, assign, or moment (no move: what is so at the end of the path).
        name: of the action, the form part, the step acknowledged, the role that another actor takes over; for a moment, what
            is so.
        by: the role that moves; empty for the system.
        day: days since the launch.
        fields, signed_on, signed_by, receiver: of a record.
    """

    kind: str
    name: str
    step: str
    by: str
    at: datetime
    day: int
    fields: Mapping[str, Value] = field(default_factory=dict)
    signed_on: date | None = None
    signed_by: tuple[str, ...] = ()
    receiver: tuple[str, str] | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Planned:
    """One move of a plan. A record has a slot; a wait has only `until`, another actor for a role only `assigns`.

    Attributes:
        cube: what has to hold for it; chosen from `choices`, where there are any, when its turn comes.
        among: for a record, the classes that it must be one of.
        given: for a record that a safeguard speaks of, what it must say.
        fitted_to: for a record, up to which move its values were chosen anew.
        old: for a record, whether it is signed as long ago as what it says allows.
        is_beside: for a record, whether it is one older than the record that counts, so that it happens and does not count.
    """

    way: Way | None
    cube: Cube
    slot: str | None = None
    among: tuple[SlotClasses, int] | None = None
    until: datetime | None = None
    assigns: str = ""
    given: Says | None = None
    fitted_to: int = 0
    old: bool = False
    is_beside: bool = False
    choices: tuple[Cube, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A case before a move of the plan."""

    case: Case
    facts: Facts
    now: datetime

    @property
    def view(self) -> CaseView:
        return CaseView(self.case, self.facts, self.now)


class Player:
    """Plays what was found in one space."""

    def __init__(self, moves: Moves, space: Space) -> None:
        self._moves, self._space, self._sop = moves, space, moves.sop
        self._people = _parties(moves.sop)
        self._facts: dict[str, Value | None] = {}
        self._plan: list[Planned] = []
        self._stands: list[Standing] = []
        self._done: list[Happening] = []
        self._told: frozenset[str] = frozenset()

    def play(
        self, end: State, trigger: Trigger | None, tests: Tests | None, safeguard: m.Safeguard
    ) -> tuple[Happening, ...]:
        """Return the moves of a run that comes to `end` and there does what breaks the safeguard; raises DoesNotRun."""
        path = self._space.path(end)
        self._facts = self._at_launch(path[0].before if path else end)
        self._plan = [self._planned(step) for step in path]
        last: Planned | None = None
        if trigger is not None and tests is not None:
            last = Planned(trigger.way, tests.cube)
            if trigger.way is not None and trigger.way.is_recording:
                last.slot = self._any_slot(trigger.way.name)
                last.given = trigger.says
            self._plan.append(last)
        self._run(trigger)
        if trigger is not None and trigger.at_launch and len(self._plan) > 1:
            raise DoesNotRun("nothing comes before the launch")
        self._certify(trigger, safeguard)
        if trigger is None and not self._ends_as(end):
            raise DoesNotRun("it ends elsewhere")
        return self.happenings()

    def happenings(self) -> tuple[Happening, ...]:
        """Return the moves of the last run."""
        return tuple(one for one in self._done if one.kind != "wait")

    def shortened(self, trigger: Trigger, safeguard: m.Safeguard) -> tuple[Happening, ...]:
        """Leave out of the last run every move without which it still runs."""
        number, played = len(self._plan) - 2, 0
        while number >= 0 and played < MOST_REPLAYED:
            played += len(self._plan)
            kept = self._plan
            self._plan = kept[:number] + kept[number + 1 :]
            done = self._done
            try:
                self._run(trigger, mend=False)
                self._certify(trigger, safeguard)
            except DoesNotRun:
                self._plan, self._done = kept, done
            number = min(number, len(self._plan) - 1) - 1
        return self.happenings()

    # ── The plan ────────────────────────────────────────────────────────────────────────────────────────────────

    def _at_launch(self, state: State) -> dict[str, Value | None]:
        return {key.name: state[number] for key, number in self._space.index.items() if isinstance(key, FactOf)}

    def _planned(self, step: Step) -> Planned:
        planned = Planned(step.way, step.tests.cube)
        if step.way.is_recording:
            slot, mask = step.says or ("", 0)
            classes = self._space.slots.get(slot, self._space.event_classes(step.way.name))
            planned.slot = slot or self._any_slot(step.way.name)
            planned.is_beside = not slot and planned.slot in self._space.slots
            if isinstance(classes, SlotClasses) and mask:
                planned.among = (classes, mask)
        return planned

    def _any_slot(self, part: str) -> str:
        keyed = self._sop.parts[part].keyed
        if keyed is None:
            return part
        role = next(name for name, known in self._sop.sop.roles.items() if known.side is not Side.PERSON)
        return f"{part}>{role}:{next(iter(keyed.purposes))}"

    def _run(self, trigger: Trigger | None, mend: bool = True) -> None:
        """Play the plan to its end, mending it on the way; raises DoesNotRun."""
        self._launch()
        mendings, at = 0, 0
        while at < len(self._plan):
            missing = list(self._missing(self._plan[at], self._stands[at]))
            if missing:
                mendings += 1
                if not mend or mendings > MOST_MENDINGS:
                    raise DoesNotRun(f"{_called(self._plan[at])} needs what could not be arranged", _leaves(missing))
                try:
                    at = self._mend(at, missing)
                except DoesNotRun as why:
                    raise DoesNotRun(str(why), _leaves(missing)) from None
                del self._stands[at + 1 :], self._done[at + 1 :]
                continue
            following = self._move(self._plan[at], at)
            if isinstance(following, datetime):
                if not mend:
                    raise DoesNotRun(f"{_called(self._plan[at])} comes too early")
                self._plan.insert(at, Planned(None, {}, until=following))
                continue
            self._stands.append(following)
            at += 1

    def _launch(self) -> None:
        sop = self._sop
        calendars = shipped().between(sop.sop.destination[0], sop.sop.origin[0])
        case = begun(sop, "PATH", sop.sop.destination[0], sop.sop.origin[0], FIRST_DAY)
        said = {name: value for name, value in self._facts.items() if value is not None}
        actor = next(iter(self._people.values()))
        answer = decide(sop, case, Launch(actor, self._people, said), Facts(calendars), FIRST_DAY)
        if not isinstance(answer, Decision):
            raise DoesNotRun("the launch is refused")
        self._stands = [Standing(answer.case, answer.facts, FIRST_DAY)]
        self._told = _told_by(answer.effects)
        self._done = [Happening("launch", "launch", sop.sop.start, "", FIRST_DAY, 0, facts=answer.facts.attributes)]

    # ── What is missing ─────────────────────────────────────────────────────────────────────────────────────────

    def _missing(self, planned: Planned, standing: Standing) -> Iterator[tuple[Leaf, bool]]:
        if planned.choices:
            planned.cube = min(planned.choices, key=lambda cube: self._distance(cube, standing))
        for leaf, answer in planned.cube.items():
            if self._holds(leaf, standing) is not answer:
                yield leaf, answer

    def _distance(self, cube: Cube, standing: Standing) -> tuple[int, int]:
        """Return how far a cube is from holding: facts that were said otherwise at launch, and all that is missing."""
        missing = [leaf for leaf, answer in cube.items() if self._holds(leaf, standing) is not answer]
        return sum(isinstance(leaf, Knows) and leaf.fact in self._facts for leaf in missing), len(missing)

    def _holds(self, leaf: Leaf, standing: Standing) -> bool:
        view = standing.view
        match leaf:
            case Says():
                return self._says(leaf, view)
            case Same(slot, own, other, name):
                one, two = view.record(slot), view.record(other)
                return (
                    one is not None
                    and two is not None
                    and own in one.fields
                    and two.fields.get(name) == one.fields[own]
                )
            case Knows(name, values):
                return view.fact(name) in values
            case At(steps):
                return view.stands_among(steps)
            case StepDone(step, since):
                return view.done_after(step, since)
            case TakenOften(action, since, times):
                return view.times_taken(action, since) >= times
            case Elapsed():
                origin = self._origin(leaf, view)
                return origin is not None and view.over(Duration.parse(leaf.length), origin)
            case HasAcknowledged(step, role):
                return view.acknowledged(step, role)
            case SeriesOver(step):
                return view.series_over(step)
            case Closed():
                return standing.case.outcome is not None

    def _says(self, leaf: Says, view: CaseView) -> bool:
        record = view.record(leaf.slot)
        if record is None or (leaf.role is not None and record.actor != view.party(leaf.role)):
            return False
        if any(record.fields.get(name) not in values for name, values in (*leaf.where, *leaf.listed)):
            return False
        if any(name not in record.fields or record.fields[name] in values for name, values in leaf.barred):
            return False
        if leaf.days is not None and view.age(record.signed_on) > leaf.days:
            return False
        return leaf.signers <= set(record.signed_by)

    @staticmethod
    def _origin(leaf: Elapsed, view: CaseView) -> datetime | date | None:
        if leaf.step is not None:
            return view.entered_at(leaf.step)
        record = view.record(leaf.part or "")
        given = record.fields.get(leaf.field or "") if record is not None else None
        return date.fromisoformat(given) if isinstance(given, str) else None

    # ── Mending ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _mend(self, at: int, missing: Sequence[tuple[Leaf, bool]]) -> int:
        """Put into the plan what a move needs; returns from which move on it has to be played again."""
        order = (Knows, At, Elapsed, HasAcknowledged, Says, Same)
        leaf, answer = min(
            missing, key=lambda one: next((n for n, kind in enumerate(order) if isinstance(one[0], kind)), 9)
        )
        standing = self._stands[at]
        match leaf:
            case Knows(name, values):
                return self._say_at_launch(name, values, answer, at)
            case At(steps):
                self._plan[at:at] = self._lead(steps, answer, standing, at)
                return at
            case Elapsed() if answer:
                origin = self._origin(leaf, standing.view)
                if origin is None:
                    return self._record_before(leaf.part or "", at)
                until = wait_until(Duration.parse(leaf.length), origin, standing.facts.calendars)
                self._plan.insert(at, Planned(None, {}, until=until))
                return at
            case HasAcknowledged(role=role) if not answer:
                return self._hand_over(role, at)
            case Says(role=str(role)) if not answer:
                return self._deny(leaf.slot, role, at)
            case HasAcknowledged(step, _):
                way = self._moves.acknowledging(step)
                there = self._latest(at, lambda one: step in active_steps(self._sop, one.case))
                if way is None or there is None:
                    raise DoesNotRun(f"{step} can't be acknowledged in time")
                self._plan.insert(there, Planned(way, {}, slot=leaf.role))
                return there
            case TakenOften(action) if answer:
                self._plan.insert(at, self._staying(action, standing, at))
                return at
            case Says() if not answer and leaf.days is not None and self._holds(replace(leaf, days=None), standing):
                return self._grow_old(leaf, leaf.days, at)
            case Says() | Same():
                return self._record_before(leaf.slot, at)
            case SeriesOver(step) if answer:
                return self._go_round(step, at)
        raise DoesNotRun(f"{_called(self._plan[at])} needs what could not be arranged ({leaf})")

    def _say_at_launch(self, name: str, values: frozenset[Value], answer: bool, at: int) -> int:
        choices = self._moves.at_launch(name, values)
        wanted = [value for value in choices if (value in values) is answer and value is not None]
        if name in self._facts or not wanted:
            raise DoesNotRun(f"{_called(self._plan[at])} needs another value of {name}")
        self._facts[name] = wanted[0]
        self._launch()
        return 0

    def _staying(self, action: str, standing: Standing, at: int) -> Planned:
        """Return a move that is this action and after which the case stands where it stood."""
        here = (None, *standing.case.steps())
        for way in self._moves.ways:
            if (
                way.name == action
                and way.chosen
                and not way.resumes
                and way.target in (None, way.step)
                and way.step in here
            ):
                return Planned(way, {}, choices=way.cubes)
        raise DoesNotRun(f"{_called(self._plan[at])} needs {action} to have been taken")

    def _lead(self, steps: frozenset[str], answer: bool, standing: Standing, at: int) -> list[Planned]:
        """Return the moves that bring a line to one of these steps, or away from them."""
        here = {self._moves.line_of[step]: step for step in standing.case.steps()}
        lines = {self._moves.line_of[step] for step in steps} if answer else {
            line for line, step in here.items() if step in steps
        }  # fmt: skip
        for line in sorted(lines - {MAIN}):
            if line not in here:
                continue
            wanted = (lambda step: step in steps) if answer else (lambda step: step not in steps)
            ways = self._between(line, here[line], wanted, standing)
            if ways:
                return [Planned(way, {}, choices=way.cubes) for way in ways]
        where = f"{'at' if answer else 'elsewhere than at'} {', '.join(sorted(steps))}"
        raise DoesNotRun(f"{_called(self._plan[at])} needs the case to stand {where}")

    def _between(self, line: str, start: str, wanted: object, standing: Standing) -> list[Way]:
        """Return the ways from one step of a line to another, none of which asks for other facts than the case now has."""
        came: dict[str, tuple[str, Way] | None] = {start: None}
        waiting = [start]
        for step in waiting:
            if callable(wanted) and wanted(step):
                found = []
                back = came[step]
                while back is not None:
                    found.append(back[1])
                    back = came[back[0]]
                return found[::-1]
            for way in self._moves.ways:
                if (
                    way.step == step
                    and way.line == line
                    and way.target is not None
                    and way.chosen
                    and way.target not in came
                    and any(self._facts_fit(cube, standing) for cube in way.cubes)
                ):
                    came[way.target] = (step, way)
                    waiting.append(way.target)
        return []

    def _facts_fit(self, cube: Cube, standing: Standing) -> bool:
        return all(
            self._holds(leaf, standing) is answer or leaf.fact not in standing.facts.attributes
            for leaf, answer in cube.items()
            if isinstance(leaf, Knows)
        )

    def _record_before(self, slot: str, at: int) -> int:
        """Plan a record at the latest moment at which it can be made; or choose anew what the last one says."""
        part = slot.partition(">")[0]
        voided = self._voided(part, at)
        last = self._last_record(slot, at, voided)
        if last is not None and self._fitting(last, at) and self._plan[last].fitted_to != at + 1:
            self._plan[last].fitted_to = at + 1
            return last
        there = self._latest(at, lambda one: self._way_to_record(part, one, ready=True) is not None, voided)
        if there is None or (last is not None and there <= last):
            there = self._latest(at, lambda one: self._way_to_record(part, one) is not None, voided)
        if there is None or (last is not None and there <= last):
            raise DoesNotRun(f"{_called(self._plan[at])} needs {slot}, which can't be recorded so in time")
        way = self._way_to_record(part, self._stands[there])
        if way is None:
            raise DoesNotRun(f"{slot} can't be recorded")
        self._plan.insert(there, Planned(way, {}, slot=slot, choices=way.cubes))
        return there

    def _deny(self, slot: str, role: str, at: int) -> int:
        """Have a record not say something: another one, or, where none can be made, another actor for its receiver."""
        here = self._way_to_record(slot.partition(">")[0], self._stands[at]) is not None
        last = self._last_record(slot, at)
        if self._moves.can_say(slot, self._plan[at].cube) and (here or last is None or self._fitting(last, at)):
            with suppress(DoesNotRun):
                return self._record_before(slot, at)
        return self._hand_over(role, at)

    def _hand_over(self, role: str, at: int) -> int:
        """Let another actor stand for a role: what the last one was given counts no more."""
        self._plan.insert(at, Planned(None, {}, assigns=role))
        return at

    def _go_round(self, step: str, at: int) -> int:
        """Record the first open round of a step's series, or, where nothing is recorded, wait until it lapses."""
        standing = self._stands[at]
        for name, series in self._sop.steps[step].model.series.items():
            rounds = standing.case.series.get(f"{step}/{name}", ())
            due = next((one.due_at for one in rounds if one.state == "open"), None)
            if due is None:
                continue
            for form in series.forms:
                for part in self._sop.parts_of(form):
                    way = self._way_to_record(part, standing)
                    if way is not None:
                        self._plan.insert(at, Planned(way, {}, slot=self._any_slot(part), choices=way.cubes))
                        return at
            if due > standing.now:
                self._plan.insert(at, Planned(None, {}, until=due))
                return at
        raise DoesNotRun(f"the series of {step} can't be brought to an end there")

    def _grow_old(self, leaf: Says, days: int, at: int) -> int:
        """Let a record be too old: signed as long ago as the moves in between allow, then a wait."""
        last = self._last_record(leaf.slot, at)
        if last is not None and not self._plan[last].old:
            self._plan[last].old = True
            return last
        standing = self._stands[at]
        record = standing.facts.records[leaf.slot]
        zone = standing.facts.calendars.destination.zone
        day = date.fromisoformat(record.signed_on) + timedelta(days=days + 1)
        until = datetime.combine(day, time(9), zone).astimezone(UTC)
        if until <= standing.now:
            raise DoesNotRun(f"{leaf.slot} can't be too old here")
        self._plan.insert(at, Planned(None, {}, until=until))
        return at

    def _last_record(self, slot: str, at: int, since: int = 0) -> int | None:
        return max((n for n in range(since, at) if self._plan[n].slot == slot and self._is_record(n)), default=None)

    def _is_record(self, number: int) -> bool:
        planned = self._plan[number]
        return planned.way is not None and planned.way.is_recording and not planned.is_beside

    def _voided(self, part: str, at: int) -> int:
        """Return the first move after the last voiding of a form part before `at`."""
        for number in range(at - 1, -1, -1):
            way = self._plan[number].way
            voids = way.action.model.voids if way is not None and way.action is not None else ()
            if any(part in self._sop.parts_of(form) for form in voids):
                return number + 1
        return 0

    def _latest(self, at: int, fits: object, least: int = 0) -> int | None:
        for number in range(at, least - 1, -1):
            if callable(fits) and fits(self._stands[number]):
                return number
        return None

    def _way_to_record(self, part: str, standing: Standing, ready: bool = False) -> Way | None:
        """Return a way to record a form part here, one whose requirements hold if there is one; `ready`: only such a one."""
        active = set(active_steps(self._sop, standing.case))
        ways = [way for way in self._moves.recordings.get(part, ()) if way.step in active]
        view = standing.view
        open_ones = [
            way for way in ways if way.entry is not None and all(guard.holds(view) for guard in way.entry.guards)
        ]
        return next(iter(open_ones or ([] if ready else ways)), None)

    # ── Moving ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _move(self, planned: Planned, at: int) -> Standing | datetime:
        """Make one move; returns where the case then stands, or until when it has to wait first."""
        standing = self._stands[at]
        if planned.way is None:
            if planned.until is not None:
                self._done.append(
                    Happening("wait", "", standing.case.main, "", planned.until, self._day(planned.until))
                )
                return self._later(standing, max(standing.now, planned.until) + timedelta(minutes=1))
            if planned.assigns:
                return self._assigned(planned.assigns, standing, at)
            self._done.append(self._moment(standing))
            return standing
        now = standing.now + timedelta(hours=1) if standing.now.hour < 16 else standing.now + timedelta(minutes=1)
        move, happening = self._as_move(planned, at, now)
        answer = decide(self._sop, standing.case, move, standing.facts, now)
        if not isinstance(answer, Decision):
            due = self._due(planned.way, standing)
            if answer.code == "too_early" and due is not None and due > now:
                return due
            raise DoesNotRun(f"{_called(planned)}: {' '.join(one.text for one in answer.unmet)}")
        self._done.append(happening)
        self._told = _told_by(answer.effects)
        return Standing(answer.case, answer.facts, now)

    def _assigned(self, role: str, standing: Standing, at: int) -> Standing:
        answer = decide(self._sop, standing.case, Assign(role, f"{role} {at + 2}", ""), standing.facts, standing.now)
        if not isinstance(answer, Decision):
            raise DoesNotRun(f"nobody else can stand for {role}")
        self._told = _told_by(answer.effects)
        self._done.append(Happening("assign", role, standing.case.main, "", standing.now, self._day(standing.now)))
        return Standing(answer.case, answer.facts, standing.now)

    def _later(self, standing: Standing, now: datetime) -> Standing:
        """Let time pass; what is due of a series may lapse."""
        answer = decide(self._sop, standing.case, Wake(), standing.facts, now) if standing.case.series else None
        if not isinstance(answer, Decision):
            return Standing(standing.case, standing.facts, now)
        return Standing(answer.case, answer.facts, now)

    def _moment(self, standing: Standing) -> Happening:
        return Happening("moment", "", standing.case.main, "", standing.now, self._day(standing.now))

    def _due(self, way: Way, standing: Standing) -> datetime | None:
        automatic = way.action.model.automatic if way.action is not None else None
        if automatic is None or way.step is None:
            return None
        origin: date | datetime | None = standing.view.entered_at(way.step)
        if automatic.from_ is not None:
            origin = self._origin(Elapsed(None, automatic.from_.form, automatic.from_.field, "0 days"), standing.view)
        if origin is None:
            return None
        pauses = standing.view.pauses(way.step, automatic.from_)
        return instant_after(automatic.after, origin, standing.facts.calendars, automatic.calendar, pauses)

    def _as_move(self, planned: Planned, at: int, now: datetime) -> tuple[Move, Happening]:
        way, case = planned.way, self._stands[at].case
        if way is None:
            raise TypeError("a wait is no move")
        day = self._day(now)
        if way.acknowledges:
            role = planned.slot or self._sop.steps[way.name].model.responsible[0]
            actor = self._actor(role, case)
            return Acknowledge(actor, way.step), Happening("acknowledge", way.name, way.step or "", role, now, day)
        if way.is_recording and way.entry is not None:
            return self._recording(planned, at, now)
        step = way.step or case.main
        if way.action is None:
            reopens = self._sop.steps[step].model.reopens
            role = self._one_of(reopens.by if reopens is not None else ())
            return Take(way.name, self._actor(role, case), step), Happening("action", way.name, step, role, now, day)
        model = way.action.model
        if not self._moves.by_people(way.action) and not way.action.is_environment:
            return Fire(way.name, step), Happening("action", way.name, step, "", now, day)
        role = self._one_of(model.noted_by if way.action.is_environment else model.by)
        assign = None if model.reassign is None else f"{model.reassign} {at + 2}"
        move = Take(way.name, self._actor(role, case), step, assign)
        return move, Happening("action", way.name, step, role, now, day)

    def _one_of(self, by: Iterable[str]) -> str:
        known = self._sop.sop.roles
        named = [role for role in by if role in known]
        return named[0] if named else next(iter(self._people))

    def _actor(self, role: str, case: Case) -> str:
        speaking = self._sop.sop.roles[role].acts_for
        return case.parties[speaking[0] if speaking else role]

    def _recording(self, planned: Planned, at: int, now: datetime) -> tuple[Move, Happening]:
        slot, way = planned.slot or "", planned.way
        if way is None or way.entry is None:
            raise TypeError("not a record")
        part, _, key = slot.partition(">")
        receiver, _, purpose = key.partition(":")
        said, classes = self._class(planned, at)
        today = now.astimezone(self._stands[at].facts.calendars.destination.zone).date()
        signed_on = today if said.age == 0 else today - timedelta(days=classes.limits[said.age - 1] + 1)
        if planned.old and said.age < len(classes.limits):
            signed_on = today - timedelta(days=classes.limits[said.age])
        if planned.is_beside:
            signed_on = self._too_early(slot, self._stands[at].facts)
        fields = dict(self._fields(part, said, today, planned.given))
        signers = tuple(sorted(said.signers))
        role = self._one_of(sorted(way.entry.by))
        actor = self._actor(role, self._stands[at].case)
        move = Enter(part, actor, signed_on, signers, fields, receiver or None, purpose or None)
        happening = Happening(
            "record", part, way.step or "", role, now, self._day(now), fields, signed_on, signers,
            (receiver, purpose) if receiver else None,
        )  # fmt: skip
        return move, happening

    def _too_early(self, slot: str, facts: Facts) -> date:
        """Return the last day on which a record would have been signed too early to count; raises DoesNotRun."""
        known, voided = facts.records.get(slot), facts.voided.get(slot.partition(">")[0])
        days = [date.fromisoformat(day) for day in (known.signed_on if known is not None else None, voided) if day]
        if not days:
            raise DoesNotRun(f"any record of {slot} counts there")
        return max(days) - timedelta(days=1)

    def _class(self, planned: Planned, at: int) -> tuple[Said, SlotClasses]:
        """Choose what a record says: what this path asks of it, and as many of the later moves as can be."""
        slot = planned.slot or ""
        classes = self._moves.classes(slot, self._asked(slot))
        mask = classes.present
        if planned.among is not None:
            mask &= _agreeing(classes, *planned.among)
        if planned.given is not None:
            mask &= classes.mask(planned.given) or mask
        for number in () if planned.is_beside else range(at + 1, len(self._plan)):
            later = self._plan[number]
            if later.slot == slot and self._is_record(number):
                mask = self._read(classes, mask, slot, later.cube) or mask
                break
            kept = self._read(classes, mask, slot, later.cube)
            if not kept:
                break
            mask = kept
            action = later.way.action if later.way is not None else None
            if action is not None and any(
                slot.partition(">")[0] in self._sop.parts_of(form) for form in action.model.voids
            ):
                break
        said = classes.of(mask)
        if said is None:
            raise DoesNotRun(f"no record of {slot} can say what is needed")
        return said, classes

    def _fitting(self, number: int, at: int) -> bool:
        """Whether a record planned at `number` can say what every move up to `at` asks of it."""
        planned, slot = self._plan[number], self._plan[number].slot or ""
        classes = self._moves.classes(slot, self._asked(slot))
        mask = classes.present if planned.among is None else classes.present & _agreeing(classes, *planned.among)
        for later in self._plan[number + 1 : at + 1]:
            mask = self._read(classes, mask, slot, later.cube)
        return bool(mask)

    def _asked(self, slot: str) -> set[Says]:
        asked = {leaf for one in self._plan for leaf in one.cube if isinstance(leaf, Says) and leaf.slot == slot}
        known = self._space.slots.get(slot)
        if isinstance(known, SlotClasses):
            asked |= set(known.questions)
        for one in self._plan:
            if one.slot == slot:
                asked |= {one.given} if one.given is not None else set()
                asked |= set(one.among[0].questions) if one.among is not None else set()
        return asked

    @staticmethod
    def _read(classes: SlotClasses, mask: int, slot: str, cube: Cube) -> int:
        for leaf, answer in cube.items():
            if isinstance(leaf, Says) and leaf.slot == slot:
                yes = classes.mask(leaf)
                mask &= yes if answer else ~yes
        return mask & ~ABSENT

    def _fields(self, part: str, said: Said, today: date, given: Says | None) -> Iterator[tuple[str, Value]]:
        chosen = dict(said.fields)
        for name, known in self._sop.parts[part].fields.items():
            value = chosen.get(name, OTHER)
            if value is MISSING:
                continue
            if value is OTHER:
                yield name, _sample(known, today, self._barred(part, name) if name in chosen else frozenset())
            elif isinstance(value, (str, bool, int, float)):
                yield name, value

    def _barred(self, part: str, name: str) -> frozenset[Value]:
        asked = [
            leaf for one in self._plan for leaf in one.cube if isinstance(leaf, Says) and leaf.part == part
        ]  # fmt: skip
        named = [values for leaf in asked for own, values in (*leaf.where, *leaf.listed, *leaf.barred) if own == name]
        return frozenset[Value]().union(*named)

    def _day(self, now: datetime) -> int:
        """Count the days since the launch where they are counted for waits and ages too: in the country of destination."""
        zone = self._stands[0].facts.calendars.destination.zone
        return (now.astimezone(zone).date() - FIRST_DAY.astimezone(zone).date()).days

    # ── The end ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _certify(self, trigger: Trigger | None, safeguard: m.Safeguard) -> None:
        """Ask the engine itself whether the safeguard is broken at the end of the run; raises DoesNotRun."""
        if trigger is None:
            return
        before = self._stands[len(self._plan) - 1]
        asked = safeguard.require or safeguard.always
        if asked and all(guard.holds(before.view) for guard in guards(asked, self._sop.scope)):
            raise DoesNotRun("what the safeguard requires holds there")
        for monitor in self._space.monitors:
            if not trigger.at_launch and self._is_on(monitor, len(self._plan) - 1):
                raise DoesNotRun("what should have happened had happened")
        if trigger.told:
            self._tell(trigger.told, before, safeguard)
        elif trigger.way is None:
            self._done[-1] = Happening("moment", trigger.words, before.case.main, "", before.now, self._day(before.now))

    def _tell(self, role: str, before: Standing, safeguard: m.Safeguard) -> None:
        """Show that a role is told there, by the last move or by one that is open; raises DoesNotRun."""
        if role in self._told and (len(self._plan) == 1 or self._plan[-2].until is None):
            self._done.pop()
            return
        for option in options(self._sop, before.case, before.facts, before.now):
            if option.unmet or not self._moves.by_people(option.action):
                continue
            by, reassign = self._one_of(option.action.model.by), option.action.model.reassign
            move = Take(option.action.name, self._actor(by, before.case), option.step, reassign and f"{reassign} new")
            answer = decide(self._sop, before.case, move, before.facts, before.now)
            if isinstance(answer, Decision) and role in _told_by(answer.effects):
                after = Standing(answer.case, answer.facts, before.now)
                asked = guards(safeguard.require or safeguard.always, self._sop.scope)
                narrowed = guards(() if safeguard.if_ is None else (safeguard.if_,), self._sop.scope)
                broken = not asked or not all(guard.holds(after.view) for guard in asked)
                if broken and all(guard.holds(after.view) for guard in narrowed):
                    day = self._day(before.now)
                    self._done[-1] = Happening("action", option.action.name, option.step, by, before.now, day)
                    return
        raise DoesNotRun(f"no move was found that tells {role} just there")

    def _ends_as(self, end: State) -> bool:
        """Whether the state that was found stands for the case at the end of the run."""
        standing = self._stands[-1]
        case, paused = standing.case, end[1][0] if end[1] is not None else None
        if (case.main, case.paused.main if case.paused is not None else None) != (end[0], paused):
            return False
        return all(self._is_so(key, end[number], standing) for key, number in self._space.index.items())

    def _is_so(self, key: object, value: Any, standing: Standing) -> bool:
        view = standing.view
        match key:
            case LineOf(line):
                return bool(value == view.strand_step(line))
            case FactOf(name):
                return bool(value == view.fact(name))
            case Counted(action, since):
                return bool(value == min(self._space.most(key), view.times_taken(action, since)))
            case StepDone(step, since):
                return view.done_after(step, since) is value
            case Elapsed(step=str(step)) | SeriesOver(step):
                over = isinstance(key, SeriesOver) or self._holds(key, standing)
                return (value == NEVER) is (view.entered_at(step) is None) and (value != OVER or over)
            case Watched(number):
                return self._is_on(self._space.monitors[number], len(self._plan)) is value
            case str():
                classes = self._space.slots[key]
                every = classes.aged(value[0] | value[1] | value[2])
                return bool((every | classes.handed_on(every)) & self._actual(key, classes, standing))
        return True

    def _actual(self, key: str, classes: Classes, standing: Standing) -> int:
        """Return the classes that answer every question about a slot as the case does."""
        if not isinstance(classes, SlotClasses):
            _, step, role = key.split(" ")
            return classes.present if standing.view.acknowledged(step, role) else ABSENT
        record = standing.view.record(key)
        if record is None:
            return ABSENT
        answers = [self._says(question, standing.view) for question in classes.questions]
        counts = classes.receiver is None or record.actor == standing.view.party(classes.receiver)
        return sum(
            2 << number
            for number, said in enumerate(classes.classes)
            if said.counts is counts and [says_yes(one, said, classes.limits) for one in classes.questions] == answers
        )

    def _is_on(self, monitor: Monitor, moves: int) -> bool:
        """Follow what a safeguard remembers along the run, through so many moves of the plan."""
        launched = self._stands[0]
        entered = launched.case.entered
        on = any(one.enter in entered for one in monitor.sets if one.enter) and self._are_so(monitor.facts, launched)
        on = on and not any(one.enter in entered for one in monitor.clears if one.enter)
        for number, planned in enumerate(self._plan[:moves]):
            if planned.way is None:
                continue
            before, happening = self._stands[number], self._done[number + 1]
            if any(self._happened(event, planned.way, before.case, happening) for event in monitor.clears):
                on = False
            elif any(self._happened(event, planned.way, before.case, happening) for event in monitor.sets):
                on = on or self._are_so(monitor.facts, before)
        return on

    def _are_so(self, facts: Iterable[Knows], standing: Standing) -> bool:
        return all(self._holds(one, standing) for one in facts)

    def _happened(self, event: Event, way: Way, before: Case, happening: Happening) -> bool:
        if event.parts:
            said = happening.fields
            return happening.kind == "record" and way.name in event.parts and (
                event.where is None or all(said.get(name) in values for name, values in event.where.where)
            )  # fmt: skip
        if event.leave is not None and way.whole:
            return event.leave in (before.main, *before.strands.values())
        if event.leave is not None:
            return way.step == event.leave and (way.target is not None or way.resumes)
        if event.enter is not None:
            return event.enter in way.enters
        if event.acknowledge is not None:
            return way.acknowledges and way.step == event.acknowledge
        return happening.kind == "action" and way.name == event.action


def count_moves(happenings: Iterable[Happening]) -> int:
    """Return how many moves of people, of the system and of the world there are; time and the launch are none."""
    return sum(one.kind in ("action", "record", "acknowledge", "assign") for one in happenings)


def watched(sop: CompiledSop) -> CompiledSop:
    """Return the procedure with what its safeguards read and count kept in memory too: a case keeps only what its actions ask."""
    reading: dict[str, frozenset[str]] = dict(sop.reads)
    counting: dict[str, int] = dict(sop.counted)
    for safeguard in sop.sop.safeguards:
        if not isinstance(safeguard, m.Safeguard):
            continue
        asked = list(flattened((*safeguard.require, *safeguard.always)))
        for part, name in (pair for one in flattened(asked) for pair in own_reads(one)):
            reading[part] = reading.get(part, frozenset()) | {name}
        for event in (
            *(safeguard.happened or ()),
            *(safeguard.since or ()),
            *(safeguard.after or ()),
            *(safeguard.eventually or ()),
        ):
            if isinstance(event, m.EventPattern) and event.record is not None:
                for part in sop.parts_of(event.record):
                    reading[part] = reading.get(part, frozenset()) | set(event.where)
        for one in asked:
            since = one.taken.since if isinstance(one, m.TakenRequirement) else getattr(one, "since", None)
            if isinstance(one, m.TakenRequirement):
                needed = one.taken.at_least if one.taken.at_most is None else one.taken.at_most + 1
                counting[one.taken.action] = max(needed or 1, counting.get(one.taken.action, 1))
            if since is not None:
                counting.setdefault(since, 1)
    return replace(sop, reads=reading, counted=counting)


def _told_by(effects: Iterable[Effect]) -> frozenset[str]:
    """Return the roles that a move tells; one fixed sentence is no telling."""
    sent = (one for one in effects if isinstance(one, Notify) and not one.withheld and one.template != "stop")
    return frozenset(one.role for one in sent)


def _leaves(missing: Iterable[tuple[Leaf, bool]]) -> frozenset[Leaf]:
    return frozenset(leaf for leaf, _ in missing)


def _called(planned: Planned) -> str:
    return "the end of the path" if planned.way is None else f'"{planned.way.name}"'


def _parties(sop: CompiledSop) -> dict[str, str]:
    return {name: name for name, role in sop.sop.roles.items() if role.side is not Side.PERSON}


def _agreeing(classes: SlotClasses, others: SlotClasses, mask: int) -> int:
    """Return the classes that answer every question as some class of the mask of `others` does."""
    answers = {
        tuple(says_yes(question, said, others.limits) for question in others.questions)
        for number, said in enumerate(others.classes)
        if mask >> (number + 1) & 1
    }
    return sum(
        2 << number
        for number, said in enumerate(classes.classes)
        if tuple(says_yes(question, said, classes.limits) for question in others.questions) in answers
    )


def _sample(known: FormField, today: date, barred: frozenset[Value]) -> Value:
    """Return a value of a field that is none of `barred`."""
    match known.type:
        case FieldType.BOOLEAN:
            return True
        case FieldType.CHOICE:
            return next(choice for choice in known.choices or {} if choice not in barred)
        case FieldType.DATE:
            day = today
            while day.isoformat() in barred:
                day += timedelta(days=1)
            return day.isoformat()
        case FieldType.NUMBER:
            number = int(known.min or 1)
            while number in barred:
                number += 1
            return number
        case FieldType.COUNTRY:
            return next(code for code in ("FR", "AL", "IT", "MA", "GR", "UA", "PL", "ES") if code not in barred)
        case _:
            text = "elsewhere"
            while text in barred:
                text += "'"
            return text
