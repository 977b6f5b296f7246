"""An interpreter of ladders, written from docs/reference (sop-language, calendars, messages) and from nothing of the engine.

It is given the files of the procedures and of the calendars, and a journal: what people did, and when a sweep and a courier
ran. From these it foretells every row that time brings forth, what becomes of it, and when each message leaves.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

DAY = timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def read(path: Path) -> Any:
    """Return a YAML file with every scalar as its text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


# ── What the files say ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Country:
    """What a calendar file says of working days and clocks."""

    zone: ZoneInfo
    weekend: frozenset[int]
    holidays: frozenset[date]
    worked: frozenset[date]

    @classmethod
    def of(cls, path: Path) -> Country:
        said = read(path)
        days = {name: frozenset(map(date.fromisoformat, said.get(name) or ())) for name in ("holidays", "worked_days")}
        weekend = frozenset(WEEKDAYS.index(one) for one in said["weekend"])
        return cls(ZoneInfo(said["time_zones"][0]), weekend, days["holidays"], days["worked_days"])

    def works(self, day: date) -> bool:
        return day not in self.holidays and (day in self.worked or day.weekday() not in self.weekend)

    def at(self, day: date, hour: time) -> datetime:
        return datetime.combine(day, hour, self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Days:
    """On which days a rule counts, and by whose clocks."""

    here: Country
    there: Country
    mode: str

    @property
    def home(self) -> Country:
        return self.there if self.mode == "origin" else self.here

    def count(self, day: date) -> bool:
        here, there = self.here.works(day), self.there.works(day)
        return {"destination": here, "origin": there, "both": here and there, "either": here or there}[self.mode]


@dataclass(frozen=True)
class Length:
    number: int
    unit: str

    @classmethod
    def of(cls, text: str) -> Length:
        number, unit = text.split(" ", 1)
        return cls(int(number), unit.rstrip("s").replace(" ", "_"))

    @property
    def in_hours(self) -> bool:
        return self.unit == "hour"

    def walked(self, start: date, days: Days, step: int) -> date:
        """Go from day to day until the length is used up."""
        if self.unit == "month":
            year, month = divmod(start.year * 12 + start.month - 1 + step * self.number, 12)
            return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
        left, day = self.number * {"week": 7}.get(self.unit, 1), start
        while left:
            day += step * DAY
            left -= days.count(day) if self.unit == "working_day" else 1
        return day


@dataclass(frozen=True)
class Rung:
    """One step of a ladder: what kind of word, how far from the deadline, and to whom."""

    kind: Literal["remind", "due", "escalate"]
    number: int
    length: Length
    before: bool
    to: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """What a file says of one clock. `fires`: it leads to another step by itself, and reminds nobody."""

    step: str
    name: str
    length: Length
    mode: str
    rungs: tuple[Rung, ...]
    fires: str = ""


def rules(path: Path) -> dict[str, list[Rule]]:
    """Return the clocks of each step of a procedure."""
    return {name: list(_of_step(name, step)) for name, step in read(path)["steps"].items()}


def _of_step(name: str, step: Mapping[str, Any]) -> Iterator[Rule]:
    responsible = tuple(step.get("responsible", ()))
    if due := step.get("due"):
        late = [
            Rung("escalate", number, Length.of(one["after"]), False, tuple(one["to"]))
            for number, one in enumerate(due.get("escalate", ()))
        ]
        rungs = (*_reminders(due, responsible), *late)
        yield Rule(name, "due", Length.of(due["within"]), due.get("calendar", "destination"), rungs)
    for series, said in step.get("series", {}).items():
        for number, length in enumerate(said["at"]):
            rungs = tuple(_reminders(said, responsible))
            yield Rule(name, f"{series}:{number}", Length.of(length), said.get("calendar", "destination"), rungs)
    for action, said in step.get("actions", {}).items():
        if automatic := said.get("automatic"):
            length, mode = Length.of(automatic["after"]), automatic.get("calendar", "destination")
            yield Rule(name, action, length, mode, (), fires=said["to"])


def _reminders(said: Mapping[str, Any], responsible: tuple[str, ...]) -> Iterator[Rung]:
    yield Rung("due", 0, Length(0, "day"), True, responsible)
    for number, text in enumerate(said.get("remind", ())):
        length, _, side = text.rpartition(" ")
        yield Rung("remind", number, Length.of(length), side == "before", responsible)


# ── What happened ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Event:
    """One line of the journal; `what` says which of the other fields matter."""

    at: datetime
    what: Literal[
        "launch", "enter", "record", "suspend", "resume", "mute", "unmute", "announce", "absent", "sweep", "carry"
    ]
    ref: str = ""
    step: str = ""
    role: str = ""
    countries: tuple[str, str] = ("", "")
    sop: str = ""
    actor: str = ""
    away: tuple[date, date, str] | None = None


@dataclass(frozen=True)
class Reader:
    """A desk: in which country it works, and whether it wants one list a day."""

    country: str
    daily: bool = False


@dataclass(frozen=True)
class Row:
    """A message: who is told of what, what became of it, when it left, and who read it."""

    ref: str
    kind: str
    template: str
    role: str
    step: str
    due_at: datetime | None
    queued_at: datetime
    state: str = "queued"
    sent_at: datetime | None = None
    reader: str = ""
    urgent: bool = False


# ── One clock ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Clock:
    """One clock of a case: since when it runs, when it stood still, and which of its rungs have come."""

    rule: Rule
    days: Days
    origin: datetime
    halts: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    come: set[tuple[str, int]] = field(default_factory=set)

    @property
    def stands(self) -> bool:
        return bool(self.halts) and self.halts[-1][1] is None

    def due_at(self) -> datetime:
        over = [(since, until) for since, until in self.halts if until is not None]
        if self.rule.length.in_hours:
            return self.origin + timedelta(hours=self.rule.length.number) + sum((b - a for a, b in over), timedelta())
        home = self.days.home
        day, left = self.origin.astimezone(home.zone).date(), self.rule.length
        due = left.walked(day, self.days, 1)
        for since, until in over:
            stopped, resumed = (one.astimezone(home.zone).date() for one in (since, until))
            rest, day = 0, stopped
            while day < due:
                day += DAY
                rest += self.days.count(day) if left.unit == "working_day" else 1
            unit = left.unit if left.unit == "working_day" else "day"
            due = Length(rest, unit).walked(resumed, self.days, 1)
        return max([home.at(due, time(23, 59)), *(until for _, until in over)])

    def rungs(self) -> list[tuple[datetime, Rung]]:
        """Return the rungs still to come, in the order in which they come; none while the clock stands still."""
        if self.stands:
            return []
        due, begins = self.due_at(), max([self.origin, *(until for _, until in self.halts if until is not None)])
        found = []
        for rung in self.rule.rungs:
            at = self._at(rung, due)
            if (rung.kind, rung.number) not in self.come and (rung.kind != "remind" or at >= begins):
                found.append((at, rung))
        order = ("remind", "due", "escalate")
        return sorted(found, key=lambda one: (one[0], order.index(one[1].kind), one[1].number))

    def _at(self, rung: Rung, due: datetime) -> datetime:
        if rung.kind == "due":
            return due
        if rung.length.in_hours:
            return due + timedelta(hours=rung.length.number) * (-1 if rung.before else 1)
        home = self.days.home
        day = rung.length.walked(due.astimezone(home.zone).date(), self.days, -1 if rung.before else 1)
        at = home.at(day, time(9))
        return min(at, due) if rung.before else max(at, due)

    def comes_at(self) -> datetime | None:
        if self.rule.fires:
            return self.due_at()
        return next((at for at, _ in self.rungs()), None)


@dataclass
class Case:
    rules: Mapping[str, list[Rule]]
    countries: tuple[str, str]
    step: str = ""
    clocks: dict[str, Clock] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)


# ── The interpreter ──────────────────────────────────────────────────────────────────────────────────────────────


class Interpreter:
    """Plays a journal.

    Args:
        procedures: name -> the clocks of each step. calendars: the folder of their files, as they were at the beginning.
        desks: by id, which is country and role. sides: role -> 0 where the person is, 1 where the person returns to.
        others: messages that somebody's move brought forth; of them only the leaving is foretold.
    """

    def __init__(
        self,
        procedures: Mapping[str, Mapping[str, list[Rule]]],
        calendars: Path,
        desks: Mapping[str, Reader],
        sides: Mapping[str, int],
        others: Iterable[Row],
    ) -> None:
        self.procedures, self.folder, self.desks, self.sides = procedures, calendars, desks, sides
        names = {one.country for one in desks.values()}
        self.countries = {one: Country.of(calendars / f"{one.lower()}.yaml") for one in names}
        self.announced: list[tuple[str, date]] = []
        self.cases: dict[str, Case] = {}
        self.absences: dict[str, list[tuple[date, date, str]]] = defaultdict(list)
        self.rows: list[Row] = []
        self.tried: dict[int, datetime] = {}
        self.waiting: list[int] = []
        self.others = sorted(others, key=lambda one: one.queued_at)
        self.letters: dict[tuple[datetime, str], int] = defaultdict(int)

    def play(self, journal: Sequence[Event]) -> list[Row]:
        """Return all rows as they stand at the end."""
        for event in journal:
            if event.what in ("sweep", "carry", "mute"):
                self._take_in(event)
            getattr(self, f"_{event.what}")(event)
        return self.rows

    def _take_in(self, event: Event) -> None:
        """Queue what moves have brought forth until now; a mute cancels what was there, not the word that follows from it."""
        while self.others and (
            self.others[0].queued_at < event.at or (event.what != "mute" and self.others[0].queued_at == event.at)
        ):
            self._queue(self.others.pop(0))

    def _queue(self, row: Row) -> None:
        if row.state != "withheld":
            self.waiting.append(len(self.rows))
            row = replace(row, state="queued", sent_at=None, reader="")
        self.rows.append(row)

    # moves

    def _launch(self, event: Event) -> None:
        self.cases[event.ref] = Case(self.procedures[event.sop], event.countries)
        self._enter(event)

    def _enter(self, event: Event) -> None:
        case = self.cases[event.ref]
        case.step = event.step
        here, there = (self.countries[one] for one in case.countries)
        case.clocks = {
            rule.name: Clock(rule, Days(here, there, rule.mode), event.at) for rule in case.rules[event.step]
        }

    def _record(self, event: Event) -> None:
        """It counts for the latest occurrence whose day has come and that is open, else for the next one."""
        case = self.cases[event.ref]
        zone = self.countries[case.countries[0]].zone
        visits = {name: clock.due_at() for name, clock in case.clocks.items() if ":" in name}
        today = event.at.astimezone(zone).date()
        come = [name for name, due in visits.items() if due.astimezone(zone).date() <= today]
        for name in [*reversed(come), *visits][:1]:
            del case.clocks[name]

    def _suspend(self, event: Event) -> None:
        """A rung whose moment has come is over, whatever the date will be."""
        clock = self.cases[event.ref].clocks["due"]
        clock.come |= {(rung.kind, rung.number) for at, rung in clock.rungs() if at <= event.at}
        clock.halts.append((event.at, None))

    def _resume(self, event: Event) -> None:
        halts = self.cases[event.ref].clocks["due"].halts
        halts[-1] = (halts[-1][0], event.at)

    def _mute(self, event: Event) -> None:
        self.cases[event.ref].muted.add(event.role)
        for number in list(self.waiting):
            row = self.rows[number]
            if row.ref == event.ref and event.role in ("", row.role):
                self.rows[number] = replace(row, state="cancelled")
                self.waiting.remove(number)

    def _unmute(self, event: Event) -> None:
        self.cases[event.ref].muted.discard(event.role)

    def _announce(self, event: Event) -> None:
        """Nobody counts with it before the next sweep."""
        assert event.away is not None
        self.announced.append((event.countries[0], event.away[0]))

    def _absent(self, event: Event) -> None:
        assert event.away is not None
        self.absences[event.actor].append(event.away)

    # the sweep

    def _sweep(self, event: Event) -> None:
        for name, day in self.announced:
            known = self.countries[name]
            self.countries[name] = replace(known, holidays=known.holidays | {day})
        for case in self.cases.values() if self.announced else ():
            here, there = (self.countries[one] for one in case.countries)
            for clock in case.clocks.values():
                clock.days = replace(clock.days, here=here, there=there)
        self.announced.clear()
        for ref in self.cases:
            self._come_round(ref, event.at)

    def _come_round(self, ref: str, now: datetime) -> None:
        """Let come what has come, the oldest first; a step that is left ends its clocks."""
        case, done = self.cases[ref], set[int]()
        while True:
            ripe = [
                (at, clock)
                for clock in case.clocks.values()
                if id(clock) not in done and (at := clock.comes_at()) is not None and at <= now
            ]
            if not ripe:
                return
            clock = min(ripe, key=lambda one: one[0])[1]
            done.add(id(clock))
            if clock.rule.fires:
                self._enter(Event(now, "enter", ref, clock.rule.fires))
            else:
                self._speak(ref, case, clock, now)

    def _speak(self, ref: str, case: Case, clock: Clock, now: datetime) -> None:
        """Each role hears the latest of a kind."""
        past = [rung for at, rung in clock.rungs() if at <= now]
        clock.come |= {(rung.kind, rung.number) for rung in past}
        urgent = any((rung.length if rung.length.number else clock.rule.length).in_hours for rung in past)
        latest = {
            (role, rung.kind == "escalate"): {"remind": "reminder", "due": "due", "escalate": "escalation"}[rung.kind]
            for rung in past
            for role in rung.to
        }
        for (role, escalates), template in latest.items():
            kind = "escalation" if escalates else "reminder"
            state = "withheld" if case.muted & {"", role} else "queued"
            row = Row(ref, kind, template, role, clock.rule.step, clock.due_at(), now, state, urgent=urgent)
            self._queue(row)

    # the courier

    def _carry(self, event: Event) -> None:
        for number in list(self.waiting):
            row = self.rows[number]
            if self.tried.get(number, row.queued_at) > event.at:
                continue
            desk = self._desk(row)
            name = self._reader(desk, event.at)
            moment = self._moment(row, self.desks[name], event.at)
            if moment > event.at:
                self.tried[number] = moment
                continue
            self.rows[number] = replace(row, state="sent", sent_at=event.at, reader=name)
            self.waiting.remove(number)
            alone = row.urgent or row.template == "stop" or not (_is_ladder(row) or self.desks[name].daily)
            key = (event.at, f"{name} {number}" if alone else name)
            self.letters[key] += 1

    def _desk(self, row: Row) -> str:
        country = self.cases[row.ref].countries[self.sides[row.role]]
        return f"{country.lower()}-{row.role.replace('_', '-')}"

    def _reader(self, desk: str, now: datetime) -> str:
        today = now.astimezone(self.countries[self.desks[desk].country].zone).date()
        seen = [desk]
        while True:
            away = [deputy for first, last, deputy in self.absences[seen[-1]] if first <= today <= last]
            if not away:
                return seen[-1]
            if away[0] in seen:
                return desk
            seen.append(away[0])

    def _moment(self, row: Row, reader: Reader, now: datetime) -> datetime:
        """When it may leave: at once, when its reader is at work, or with the list of the day."""
        country = self.countries[reader.country]
        if row.urgent or row.template == "stop" or not (reader.daily or _is_ladder(row)):
            return now
        if reader.daily:
            now = max(now, _morning(country, row.queued_at))
        local = now.astimezone(country.zone)
        at_work = country.works(local.date()) and time(9) <= local.time() < time(18)
        return now if at_work else _morning(country, now)


def _is_ladder(row: Row) -> bool:
    return row.kind in ("reminder", "escalation")


def _morning(country: Country, after: datetime) -> datetime:
    day = after.astimezone(country.zone).date()
    while not country.works(day) or country.at(day, time(9)) < after:
        day += DAY
    return country.at(day, time(9))
