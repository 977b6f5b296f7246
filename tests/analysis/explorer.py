"""A naive explorer: every case that a small procedure allows, played out move by move on the engine itself.

It knows nothing of the checker. Cases are led by `decide` alone, breadth first, until nothing new comes; a safeguard is then
decided by looking at each of them. Two cases are one where nothing that the procedure or a safeguard reads tells them apart: where
they stand, the fields, signatures and age of the records that count, facts, acknowledgements, waits, rounds of a series, and
what is remembered of steps and actions. Days are counted up to the longest length that anything asks for.

Meaning: docs/reference/sop-language.md, "Exact meaning" and "Safeguards".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain, combinations, product
from typing import Any, Protocol

from pydantic import BaseModel

from engine.calendars.almanac import shipped
from engine.cases.case import Acknowledge, Assign, Case, Enter, Facts, Fire, Launch, Move, Take, Wake, record_key
from engine.cases.decide import Decision, begun, decide, offered, reopenable
from engine.cases.draft import active_steps
from engine.cases.effects import Notify
from engine.cases.sharing import hold, why_withheld
from engine.cases.view import CaseView
from engine.forms.model import FieldType
from engine.sop import model as m
from engine.sop.compile import REOPEN, CompiledAction, CompiledSop
from engine.sop.requirements import Guard, guards
from engine.values import Duration, Unit, Value

NOON = datetime(2026, 1, 12, 11, tzinfo=UTC)
"""In Paris; the clocks do not change for eleven weeks."""
TONIGHT = timedelta(hours=11, minutes=59, seconds=30)
"""From noon to the last half minute of the day, in which a timed action fires while the day still counts."""
DAY = timedelta(days=1)
PEOPLE = {"worker": "w", "far": "f"}
"""Who stands for the roles at first."""
OTHERS = {"w": "v", "v": "w", "f": "g", "g": "f"}
"""Who can come to stand for the same role."""


ASKED, UNASKED = ("far", "referral"), ("worker", "referral")
"""The receiver that requirements on a keyed part name, and one that none names: a record for it happens, and nothing reads it."""


class TooMany(Exception):
    """The procedure has more cases than are looked at."""


@dataclass(frozen=True, slots=True)
class Event:
    """What one move was, in the words of safeguards."""

    action: str | None = None
    entered: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    recorded: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    acknowledged: str | None = None
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Edge:
    """A move from one case to another, or time that passes. `chosen`: it is a way out for people."""

    to: int
    event: Event
    chosen: bool
    is_time: bool = False

    @property
    def cost(self) -> int:
        return 0 if self.is_time else 1


@dataclass(frozen=True, slots=True)
class Standing:
    """One case at one instant."""

    case: Case
    facts: Facts
    now: datetime

    @property
    def view(self) -> CaseView:
        return CaseView(self.case, self.facts, self.now)

    @property
    def is_late(self) -> bool:
        """Whether it is the last minute of the day, in the destination."""
        local = self.now.astimezone(self.facts.calendars.destination.zone)
        return (local.hour, local.minute) == (23, 59)


def within(value: object) -> Iterator[object]:
    """Yield everything of which a definition is made."""
    yield value
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from within(getattr(value, name))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from within(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from within(one)


class Cases(Protocol):
    """Cases and the moves between them: all of a procedure, or one run."""

    sop: CompiledSop
    standings: list[Standing]
    edges: list[list[Edge]]
    launches: list[tuple[int, Event]]


class Reads:
    """What a procedure and its safeguards read of a case."""

    def __init__(self, sop: CompiledSop) -> None:
        said = list(within(sop.sop))
        forms = [one for one in said if isinstance(one, m.FormRequirement)]
        self.fields: dict[str, set[str]] = {one.form: set() for one in forms}
        self.values: dict[tuple[str, str], set[str]] = {}
        self.signers: dict[str, set[str]] = {}
        self.ages: dict[str, int] = {}
        for one in forms:
            for name, values in one.where.items():
                self._reads(one.form, name, values)
            self.signers.setdefault(one.form, set()).update(one.signed_by)
            if one.not_older_than is not None:
                self.ages[one.form] = max(days(one.not_older_than), self.ages.get(one.form, 0))
        self.recorded: set[str] = set()
        for pattern in (one for one in said if isinstance(one, m.EventPattern) and one.record is not None):
            for part in sop.parts_of(pattern.record or ""):
                self.recorded.add(part)
                self.fields.setdefault(part, set())
                for name, values in pattern.where.items():
                    self._reads(part, name, values)
        self.dates: dict[tuple[str, str], int] = {}
        self.waits: dict[str, int] = {}
        for waited in (one for one in said if isinstance(one, m.Waited)):
            if waited.from_ is not None:
                key = (waited.from_.form, waited.from_.field)
                self._reads(*key, ())
                self.dates[key] = max(days(waited.at_least), self.dates.get(key, 0))
            else:
                self.waits[waited.since or ""] = max(days(waited.at_least), self.waits.get(waited.since or "", 0))
        self.is_timed = False
        for step in sop.steps.values():
            for action in step.actions.values():
                if action.model.automatic is not None:
                    self.is_timed = True
                    # At the end of the day reached, so that it has come for certain the day after.
                    after, origin = days(action.model.automatic.after) + 1, action.model.automatic.from_
                    if origin is not None:
                        key = (origin.form, origin.field)
                        self._reads(*key, ())
                        self.dates[key] = max(after, self.dates.get(key, 0))
                    self.waits[step.name] = max(after, self.waits.get(step.name, 0))
        self.done = {(one.step_done, one.since) for one in said if isinstance(one, m.StepDoneRequirement)}
        self.taken: dict[tuple[str, str | None], int] = {}
        for taken in (one for one in said if isinstance(one, m.Taken)):
            most = taken.at_least if taken.at_most is None else taken.at_most + 1
            counted = (taken.action, taken.since)
            self.taken[counted] = max(most or 0, self.taken.get(counted, 0))
        self.acknowledged = {(one.of, one.by) for one in said if isinstance(one, m.Acknowledged)}
        self.acknowledging = {
            one.acknowledge for one in said if isinstance(one, m.EventPattern) and one.acknowledge is not None
        }
        self.series = {name for name, step in sop.steps.items() if step.model.series}
        self.counted = {part for name in self.series for part in sop.counted_in if name in sop.counted_in[part]}
        for part in self.counted:
            self.fields.setdefault(part, set())
        self.told = any(isinstance(one, m.EventPattern) and one.tell is not None for one in said)
        longest = [
            *self.ages.values(), *self.waits.values(), *self.dates.values(),
            *(days(at) for step in sop.steps.values() for one in step.model.series.values() for at in one.at),
        ]  # fmt: skip
        self.longest = max(longest, default=0) + 1
        named = {one.for_.role for one in forms if one.for_ is not None} | {role for _, role in self.acknowledged}
        self.handed_over = sorted(named | ({"far"} if self.told else set()))

    def _reads(self, part: str, name: str, values: Any) -> None:
        self.fields.setdefault(part, set()).add(name)
        self.values.setdefault((part, name), set()).update(values)

    @property
    def has_clocks(self) -> bool:
        return bool(self.ages or self.waits or self.dates or self.series)


def days(length: Duration) -> int:
    """Return a length in days; procedures made for these tests count in nothing else."""
    if length.unit is not Unit.DAY:
        raise ValueError(f"{length} is not counted in days")
    return length.count


def remembering(sop: CompiledSop) -> CompiledSop:
    """Return a procedure whose cases keep every field of a record and count every action."""
    everything = {part: frozenset(known.fields) for part, known in sop.parts.items()}
    names = {name for step in sop.steps.values() for name in step.actions} | set(sop.everywhere) | {REOPEN}
    return replace(sop, reads=everything, counted=dict.fromkeys(names, 4))


class Explorer:
    """All cases of one procedure, and the moves between them; raises TooMany."""

    def __init__(self, sop: CompiledSop, most: int = 2_000) -> None:
        self.sop = remembering(sop)
        self.reads = Reads(sop)
        self.standings: list[Standing] = []
        self.edges: list[list[Edge]] = []
        self.launches: list[tuple[int, Event]] = []
        self._known: dict[Any, int] = {}
        self._records = {part: list(self._what_can_be_said(part)) for part in sop.parts}
        self._explore(most)

    def _explore(self, most: int) -> None:
        choices = [[(name, value) for value in values] for name, values in self._facts_at_launch()]
        for chosen in product(*choices):
            said = {name: value for name, value in chosen if value is not None}
            case = begun(self.sop, "SMALL", "FR", "AL", NOON)
            calendars = shipped().between("FR", "AL")
            answer = decide(self.sop, case, Launch("w", PEOPLE, said), Facts(calendars), NOON)
            assert isinstance(answer, Decision)
            self.launches.append((self._number(answer, NOON), event_of(case, answer, None)))
        done = 0
        while done < len(self.standings):
            if len(self.standings) > most:
                raise TooMany(f"more than {most} cases")
            self.edges.append(list(self._moves(self.standings[done])))
            done += 1

    def _facts_at_launch(self) -> Iterator[tuple[str, list[Value | None]]]:
        for name, known in self.sop.sop.facts.items():
            if known.type is FieldType.BOOLEAN:
                yield name, [False, True]
            else:
                yield name, [None, *(known.choices or {})]

    def _number(self, answer: Decision, now: datetime) -> int:
        return self._numbered(Standing(answer.case, answer.facts, now))

    def number_of(self, standing: Standing) -> int:
        """Return which of the cases explored one is."""
        return self._known[self._key(standing)]

    def _numbered(self, standing: Standing) -> int:
        key = self._key(standing)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.standings)
            self.standings.append(standing)
        return number

    # ── Which cases are one ─────────────────────────────────────────────────────────────────────────────────────

    def _key(self, standing: Standing) -> Any:
        case, facts, view, reads = standing.case, standing.facts, standing.view, self.reads
        zone = facts.calendars.destination.zone
        today = standing.now.astimezone(zone).date()

        def ago(day: date, most: int) -> int:
            return max(min((today - day).days, most + 1), -reads.longest)

        def said(part: str, fields: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
            for name, value in fields.items():
                if (part, name) in reads.dates:
                    yield name, ago(date.fromisoformat(str(value)), reads.dates[part, name])
                elif name in reads.fields[part]:
                    apart = not isinstance(value, str) or value in reads.values.get((part, name), ())
                    yield name, value if apart else "anything else"

        records = frozenset(
            (
                slot,
                frozenset(said(part, record.fields)),
                frozenset(record.signed_by) & reads.signers.get(part, set()),
                ago(date.fromisoformat(record.signed_on), reads.ages[part]) if part in reads.ages else 0,
                record.actor == case.parties["far"],
            )
            for slot, record in facts.records.items()
            if (part := slot.partition(">")[0]) in reads.fields and slot != record_key(part, *UNASKED)
        )
        voided = frozenset(
            (part, ago(date.fromisoformat(day), reads.ages.get(part, 0)) if part in reads.ages else 0)
            for part, day in facts.voided.items()
            if part in reads.ages or part in reads.recorded
        )
        entered = tuple(
            ago(case.entered[step].at.astimezone(zone).date(), most) if step in case.entered else None
            for step, most in reads.waits.items()
        )
        rounds = frozenset(
            (name, tuple((ago(one.due_at.date(), 0), one.due_at <= standing.now, one.state) for one in every))
            for name, every in case.series.items()
        )
        paused = None if case.paused is None else (case.paused.main, frozenset(case.paused.strands.values()))
        since_pause = ago(case.paused.since.date(), reads.longest) if case.paused and reads.series else None
        told = (case.told, case.offered, frozenset(case.withheld.items())) if reads.told else None
        return (
            case.main, frozenset(case.strands.values()), frozenset(case.alongside.values()), paused, since_pause,
            frozenset(facts.attributes.items()), records, voided, entered, rounds, told,
            tuple([view.done_after(*one) for one in reads.done]),
            tuple([min(view.times_taken(*one), most) for one, most in reads.taken.items()]),
            tuple([view.acknowledged(*one) for one in reads.acknowledged]),
            reads.is_timed and standing.is_late,
        )  # fmt: skip

    # ── Moves ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _moves(self, standing: Standing) -> Iterator[Edge]:
        for move, chosen in chain(
            self._actions(standing),
            self._recordings(standing),
            self._acknowledgements(standing),
            self._others(standing),
        ):
            answer = decide(self.sop, standing.case, move, standing.facts, standing.now)
            if isinstance(answer, Decision) and not answer.breach:
                yield Edge(self._number(answer, standing.now), event_of(standing.case, answer, move), chosen)
        if self.reads.has_clocks:
            yield self._later(standing)

    def _later(self, standing: Standing) -> Edge:
        now = standing.now + DAY
        if self.reads.is_timed:
            now = standing.now + (DAY - TONIGHT if standing.is_late else TONIGHT)
        if not (self.reads.series or self.reads.told):
            return Edge(self._numbered(Standing(standing.case, standing.facts, now)), Event(), True, is_time=True)
        answer = decide(self.sop, standing.case, Wake(), standing.facts, now)
        assert isinstance(answer, Decision)
        return Edge(self._number(answer, now), event_of(standing.case, answer, Wake()), True, is_time=True)

    def _actions(self, standing: Standing) -> Iterator[tuple[Move, bool]]:
        case = standing.case
        other = OTHERS[case.parties["far"]]
        for action, step in offered(self.sop, case, standing.view):
            if action.is_timed:
                yield Fire(action.name, step), True
            for role in takers(self.sop, action):
                yield Take(action.name, case.parties[role], step, other), not action.is_environment
                break
        for step in reopenable(self.sop, case):
            yield Take(REOPEN, case.parties["worker"], step), False

    def _recordings(self, standing: Standing) -> Iterator[tuple[Move, bool]]:
        case, facts = standing.case, standing.facts
        today = standing.now.astimezone(facts.calendars.destination.zone).date()
        for step in active_steps(self.sop, case):
            for part, entries in self.sop.steps[step].recordable.items():
                # Who records changes nothing that is read: one of those who may will do.
                role = min(entries[0].by)
                for key in self._receivers(part):
                    for signed_on in self._days_of_signing(part, record_key(part, *key), facts, today):
                        for signers, fields in self._records[part]:
                            said = {
                                name: (today + timedelta(days=value)).isoformat() if type(value) is int else value
                                for name, value in fields
                            }
                            yield Enter(part, case.parties[role], signed_on, signers, said, *key), True

    def _receivers(self, part: str) -> list[tuple[str, str] | tuple[None, None]]:
        if self.sop.parts[part].keyed is None:
            return [(None, None)]
        return [ASKED, UNASKED] if part in self.reads.recorded | self.reads.counted else [ASKED]

    def _days_of_signing(self, part: str, slot: str, facts: Facts, today: date) -> Iterator[date]:
        """Yield today, every day that tells ages apart, and, where it would happen and not count, one day too early."""
        for age in range(self.reads.ages[part] + 2 if part in self.reads.ages else 1):
            yield today - age * DAY
        if part in self.reads.recorded:
            known = facts.records.get(slot)
            later = [*([known.signed_on] if known else []), *([facts.voided[part]] if part in facts.voided else [])]
            if later:
                yield date.fromisoformat(max(later)) - DAY

    def _what_can_be_said(self, part: str) -> Iterator[tuple[tuple[str, ...], tuple[tuple[str, Any], ...]]]:
        """Yield each (signatures, fields) that a new record can have; a date is so many days from today."""
        reads = self.reads
        if part not in reads.fields:
            return
        choices: list[list[tuple[tuple[str, Any], ...]]] = []
        for name, known in self.sop.parts[part].fields.items():
            values: list[Any]
            if (part, name) in reads.dates:
                values = [*range(-reads.dates[part, name], 1), reads.longest]
            elif name not in reads.fields[part]:
                continue
            elif known.type is FieldType.BOOLEAN:
                values = [True, False]
            elif known.type is FieldType.CHOICE:
                values = list(known.choices or {})
            else:
                values = [*sorted(reads.values[part, name]), "anything else"]
            choices.append([*(((name, value),) for value in values), *([] if known.required else [()])])
        signers = sorted(reads.signers.get(part, ()))
        for size in range(len(signers) + 1):
            for some in combinations(signers, size):
                for said in product(*choices):
                    yield some, tuple(chain.from_iterable(said))

    def _acknowledgements(self, standing: Standing) -> Iterator[tuple[Move, bool]]:
        for step in active_steps(self.sop, standing.case):
            for role in self.sop.steps[step].model.responsible:
                if (step, role) in self.reads.acknowledged or step in self.reads.acknowledging or self.reads.told:
                    yield Acknowledge(standing.case.parties[role], step), True

    def _others(self, standing: Standing) -> Iterator[tuple[Move, bool]]:
        """Somebody else comes to stand for a role: this can happen, and is no way out."""
        for role in self.reads.handed_over:
            yield Assign(role, OTHERS[standing.case.parties[role]], ""), False


def event_of(before: Case, answer: Decision, move: Move | None) -> Event:
    """Say in the words of safeguards what a move was; None: the launch."""
    case = answer.case
    entered = frozenset(step for step, moment in case.entered.items() if moment.seq == case.seq)
    stood, stands = (frozenset(one.steps()) if one.main else frozenset[str]() for one in (before, case))
    told = frozenset(
        one.role for one in answer.effects if isinstance(one, Notify) and not one.withheld and one.template != "stop"
    )
    match move:
        case Take(action=name) | Fire(action=name):
            return Event(name, entered, (stood - stands) | (stood & entered), told=told)
        case Enter():
            return Event(recorded=move.part, fields=move.fields, told=told)
        case Acknowledge():
            return Event(acknowledged=move.step, told=told)
        case Assign() | Wake():
            return Event(told=told)
    return Event(entered=entered, told=told)


def takers(sop: CompiledSop, action: CompiledAction) -> Iterator[str]:
    """Yield the roles that may take an action, or note what the world did."""
    for role in action.model.noted_by if action.is_environment else action.model.by:
        if role == m.ANY:
            yield "worker"
        elif role in sop.sop.roles:
            yield role


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Answer:
    """What is so of a safeguard: it is broken, by how few moves; or not, and whether it ever speaks of anything."""

    broken: bool
    moves: int = 0
    speaks: bool = True


class Judge:
    """Decides one safeguard over all cases that were explored."""

    def __init__(self, cases: Cases, safeguard: m.Safeguard) -> None:
        self._all, self._sop, self._safeguard = cases, cases.sop, safeguard
        self._condition = self._ready(() if safeguard.if_ is None else (safeguard.if_,))

    def decide(self) -> Answer:
        """Return what is so."""
        if self._safeguard.kind == "after":
            return self._followed()
        if self._safeguard.kind == "from":
            return self._reachable()
        if self._safeguard.kind in ("always", "in"):
            return self._everywhere()
        if any(isinstance(one, m.EventPattern) and one.show for one in self._safeguard.before or ()):
            return self._shown()
        return self._before()

    def _ready(self, asked: Any) -> tuple[Guard, ...]:
        return guards(asked, self._sop.scope)

    def _concerns(self, standing: Standing) -> bool:
        return hold(self._condition, standing.view)

    def _is(self, patterns: Any, event: Event) -> bool:
        return any(self._matches(one, event) for one in patterns or ())

    def _matches(self, pattern: m.Event, event: Event) -> bool:
        if isinstance(pattern, str):
            return event.action == pattern
        if pattern.record is not None:
            return event.recorded in self._sop.parts_of(pattern.record) and all(
                str(event.fields.get(name)).lower() in values for name, values in pattern.where.items()
            )
        if pattern.tell is not None:
            roles = self._sop.sop.roles
            return any(pattern.tell in (role, roles[role].side, roles[role].kind) for role in event.told)
        if pattern.acknowledge is not None:
            return event.acknowledged == pattern.acknowledge
        return pattern.enter in event.entered or pattern.leave in event.left

    # ── One moment ──────────────────────────────────────────────────────────────────────────────────────────────

    def _before(self) -> Answer:
        """`before` and `never`: the moment of X is looked at, with what had happened until then."""
        one, speaks, best = self._safeguard, False, None
        required = self._ready(one.require)
        told = any(isinstance(pattern, m.EventPattern) and pattern.tell for pattern in one.before or ())
        for number, happened, event, cost, after in self._moments(one.happened, one.since):
            if not self._is(one.before or one.never, event):
                continue
            at = self._all.standings[after if told or number is None else number]
            if not self._concerns(at):
                continue
            speaks = True
            if one.never:
                if not covers(self._sop, one.while_, at):
                    continue
                wrong = True
            else:
                wrong = (bool(one.require) and not hold(required, at.view)) or (
                    one.happened is not None and not happened
                )
            if wrong and (best is None or cost < best):
                best = cost
        if one.never:
            speaks = speaks and any(
                self._concerns(at) and covers(self._sop, one.while_, at) for at in self._all.standings
            )
        return Answer(best is not None, best or 0, speaks)

    def _moments(self, sets: Any, clears: Any) -> Iterator[tuple[int | None, bool, Event, int, int]]:
        """Yield every move: from which case (None: the launch), whether Y had happened, the move, how many there were, to which."""
        found: dict[tuple[int, bool], int] = {}
        queue: deque[tuple[int, bool, int]] = deque()

        def go(number: int, on: bool, cost: int, first: bool) -> None:
            if cost < found.get((number, on), 1 << 30):
                found[number, on] = cost
                (queue.appendleft if first else queue.append)((number, on, cost))

        for number, event in self._all.launches:
            yield None, False, event, 0, number
            go(number, self._remembered(False, event, sets, clears), 0, False)
        while queue:
            number, on, cost = queue.popleft()
            if cost > found[number, on]:
                continue
            for edge in self._all.edges[number]:
                yield number, on, edge.event, cost + edge.cost, edge.to
                go(edge.to, self._remembered(on, edge.event, sets, clears), cost + edge.cost, edge.is_time)

    def _remembered(self, on: bool, event: Event, sets: Any, clears: Any) -> bool:
        if self._is(clears, event):
            return False
        return on or self._is(sets, event)

    # ── Every configuration ─────────────────────────────────────────────────────────────────────────────────────

    def _costs(self) -> dict[int, int]:
        """Return the fewest moves to each case."""
        costs = {number: 0 for number, _ in self._all.launches}
        queue = deque(costs.items())
        while queue:
            number, cost = queue.popleft()
            if cost > costs[number]:
                continue
            for edge in self._all.edges[number]:
                if cost + edge.cost < costs.get(edge.to, 1 << 30):
                    costs[edge.to] = cost + edge.cost
                    (queue.append if edge.cost else queue.appendleft)((edge.to, cost + edge.cost))
        return costs

    def _nearest(self, wrong: Any, concerned: Any) -> Answer:
        speaks, best = False, None
        for number, cost in self._costs().items():
            standing = self._all.standings[number]
            if concerned(standing):
                speaks = True
                if (best is None or cost < best) and wrong(standing):
                    best = cost
        return Answer(best is not None, best or 0, speaks)

    def _everywhere(self) -> Answer:
        """`always` and `in`."""
        one = self._safeguard
        if one.always:
            required = self._ready(one.always)
            return self._nearest(lambda standing: not hold(required, standing.view), self._concerns)
        return self._nearest(
            lambda standing: not self._is_open(one.available or "", standing),
            lambda standing: self._concerns(standing) and covers(self._sop, one.in_, standing),
        )

    def _is_open(self, name: str, standing: Standing) -> bool:
        view = standing.view
        return any(
            hold(action.guards, view) and any(takers(self._sop, action)) and not action.is_environment
            for action, _ in offered(self._sop, standing.case, view, name)
        )

    def _shown(self) -> Answer:
        """A form is shown to whoever may see the case; this can be at any moment."""
        one = self._safeguard
        required = self._ready(one.require)
        roles = self._sop.sop.roles
        shown = {
            name for name, role in roles.items()
            for pattern in one.before or () if isinstance(pattern, m.EventPattern) and pattern.to in (name, role.side, role.kind)
        }  # fmt: skip
        return self._nearest(
            lambda standing: not hold(required, standing.view),
            lambda standing: (
                self._concerns(standing) and any(not why_withheld(self._sop, role, standing.view) for role in shown)
            ),
        )

    # ── Ways out ────────────────────────────────────────────────────────────────────────────────────────────────

    def _leads(self, goals: set[int], skip: Any) -> set[int]:
        """Return the cases from which people can come to one of these, by moves that `skip` does not leave out."""
        before: dict[int, list[int]] = {}
        for number, edges in enumerate(self._all.edges):
            for edge in edges:
                if edge.chosen and not skip(edge):
                    before.setdefault(edge.to, []).append(number)
        good, waiting = set(goals), list(goals)
        while waiting:
            for number in before.get(waiting.pop(), ()):
                if number not in good:
                    good.add(number)
                    waiting.append(number)
        return good

    def _good(self) -> set[int]:
        """Return the cases from which there is a way out: to a step that can be reached, or to a move that is a Y."""
        one = self._safeguard
        if one.kind == "after":
            goals = {
                n for n, edges in enumerate(self._all.edges) if any(e.chosen and self._is_y(e.event) for e in edges)
            }
            return self._leads(goals, lambda edge: self._is_y(edge.event))
        wanted, standings = set(one.reachable), enumerate(self._all.standings)
        goals = {number for number, at in standings if not wanted.isdisjoint(counting(self._sop, at.case))}
        return self._leads(goals, lambda edge: False)

    def _is_y(self, event: Event) -> bool:
        return self._is(self._safeguard.eventually, event)

    def _reachable(self) -> Answer:
        good = self._good()
        places = {id(standing): number for number, standing in enumerate(self._all.standings)}
        return self._nearest(
            lambda standing: places[id(standing)] not in good,
            lambda standing: standing.case.outcome is None and self._concerns(standing),
        )

    def _waits(self, on: bool, event: Event, before: Standing) -> tuple[bool, bool]:
        """Return whether X happens by a move, and whether a Y is waited for after it."""
        happens = self._is(self._safeguard.after, event) and self._concerns(before)
        return happens, not self._is_y(event) and (on or happens)

    def _followed(self) -> Answer:
        """After X and before any Y a case must never come to where no Y is within reach."""
        good, best, speaks = self._good(), None, False
        found: dict[tuple[int, bool], int] = {}
        queue: deque[tuple[int, bool, int]] = deque()

        def go(number: int, on: bool, cost: int, first: bool) -> None:
            if cost < found.get((number, on), 1 << 30):
                found[number, on] = cost
                (queue.appendleft if first else queue.append)((number, on, cost))

        for number, event in self._all.launches:
            happens, on = self._waits(False, event, self._all.standings[number])
            speaks |= happens
            go(number, on, 0, False)
        while queue:
            number, on, cost = queue.popleft()
            if cost > found[number, on]:
                continue
            if on and number not in good and (best is None or cost < best):
                best = cost
            for edge in self._all.edges[number]:
                happens, waits = self._waits(on, edge.event, self._all.standings[number])
                speaks |= happens
                go(edge.to, waits, cost + edge.cost, edge.is_time)
        return Answer(best is not None, best or 0, speaks)

    def is_trapped(self, played: Cases) -> bool:
        """Whether a run ends where there is no way out any more; `self` judges all cases of the procedure."""
        last = self._all.number_of(played.standings[-1])
        if self._safeguard.kind == "from":
            return last not in self._good() and self._concerns(played.standings[-1])
        _, on = self._waits(False, played.launches[0][1], played.standings[0])
        for number, (edge,) in enumerate(played.edges[:-1]):
            _, on = self._waits(on, edge.event, played.standings[number])
        return on and last not in self._good()


def counting(sop: CompiledSop, case: Case) -> set[str]:
    """Return the steps that count as where a case stands: of a closed one the end, and what goes on after it."""
    if case.outcome is None:
        return set(case.steps())
    return {case.main, *(step for step in case.alongside.values() if sop.steps[step].after_end)}


def covers(sop: CompiledSop, covered: m.While | str | None, standing: Standing) -> bool:
    """Whether a configuration is covered: all keys hold, any step will do."""
    case = standing.case
    if not isinstance(covered, m.While):
        return case.outcome is None
    stands = counting(sop, case)
    asked = [set(some) for some in (covered.steps, covered.at) if some]
    if covered.phases:
        asked.append({name for name, step in sop.steps.items() if step.phase in covered.phases})
    return all(not some.isdisjoint(stands) for some in asked) and all(
        str(standing.view.fact(name)).lower() in values for name, values in covered.fact.items()
    )
