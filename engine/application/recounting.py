"""When a calendar has changed, open deadlines are counted anew, and each case that moves has an entry that says why.

The store keeps by which calendar deadlines were last counted; a sweep that finds another file in its place counts again every
case that goes through that country. What has come already does not come again; what was still to come is not lost when its
date moves into the past. A file with faults changes nothing until it is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final

from engine.application.casework import Casework, Loaded
from engine.application.change import Did, change_of
from engine.application.facts import Payload
from engine.application.ports import Cipher, Deadline, Store, StoredCalendar
from engine.calendars.almanac import Almanac
from engine.calendars.business import BusinessCalendar, Calendars
from engine.calendars.changes import changes
from engine.calendars.load import read_calendar
from engine.cases.case import Case, Facts, Recount
from engine.cases.clocks import Slot
from engine.cases.deadlines import Alarm
from engine.cases.decide import Decision, decide
from engine.cases.effects import Effect, SetDeadline
from engine.clock import Clock
from engine.errors import Conflict, Fault, Unreadable, WrongUse
from engine.sop.compile import CompiledSop

_TRIES: Final = 3
"""How often a case is counted again when somebody moves it at that very moment."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One deadline that has moved: its step and name, when it was due, and when it is due now."""

    step: str
    name: str
    was: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Recounted:
    """What came of a change of calendars.

    Attributes:
        causes: what has changed, by country.
        moved: reference -> the deadlines that have moved.
        stuck: cases that could not be counted anew; they keep their dates.
        faulty: countries whose file has faults; nothing was counted by it.
    """

    causes: Mapping[str, tuple[str, ...]]
    moved: Mapping[str, Sequence[Moved]]
    stuck: tuple[str, ...] = ()
    faulty: tuple[str, ...] = ()


class _Changed:
    """What has changed in the calendars; read only for the countries that open cases go through."""

    def __init__(self, store: Store, texts: Mapping[str, str]) -> None:
        self._store, self._texts = store, texts
        self._before: dict[str, BusinessCalendar] = {}
        self.causes: dict[str, tuple[str, ...]] = {}
        self.faulty: set[str] = set()

    def said_of(self, country: str) -> tuple[str, ...]:
        """Say what has changed in a country's calendar; nothing where its file has faults."""
        if country not in self._texts or country in self.faulty:
            return ()
        if country not in self.causes:
            name = f"{country.lower()}.yaml"
            new, _ = read_calendar(self._texts[country], name)
            if new is None:
                self.faulty.add(country)
                return ()
            stored = self._store.calendar(country)
            before = None if stored is None else read_calendar(stored.text, name)[0]
            if before is not None:
                self._before[country] = BusinessCalendar(before)
            self.causes[country] = changes(before, new)
        return self.causes[country]

    def before(self, case: Case, now: Calendars) -> Calendars:
        """Return the calendars by which a case was counted last; those of `now` where nothing is on record."""
        return Calendars(self._before.get(case.destination, now.destination), self._before.get(case.origin, now.origin))


class Recounting:
    """Counts open deadlines by the calendars as they are now."""

    def __init__(self, store: Store, cipher: Cipher, casework: Casework, almanac: Almanac, clock: Clock) -> None:
        self._store, self._cipher, self._casework = store, cipher, casework
        self._almanac, self._clock = almanac, clock

    def run(self) -> Recounted:
        """Take up what has changed in the calendars since deadlines were last counted; nothing else costs anything."""
        known, texts = self._store.calendar_hashes(), self._almanac.texts()
        new = {one: text for one, (hashed, text) in texts.items() if known.get(one) != hashed}
        if not new:
            return Recounted({}, {})
        self._almanac.refresh()
        changed, now = _Changed(self._store, new), self._clock.now()
        moved: dict[str, Sequence[Moved]] = {}
        stuck: list[str] = []
        for ref in dict.fromkeys(one.ref for one in self._store.deadlines()):
            try:
                found = self._case(ref, changed, now)
            except (WrongUse, Fault, Conflict) as why:
                # A database that is away concerns them all; what can't be read or counted is this case's alone.
                if isinstance(why, Fault) and not isinstance(why, Unreadable):
                    raise
                stuck.append(ref)
                continue
            if found:
                moved[ref] = found
        taken = (one for one in new if one not in changed.faulty)
        self._store.save_calendars([StoredCalendar(one, texts[one][0], new[one], now) for one in taken])
        return Recounted(changed.causes, moved, tuple(stuck), tuple(sorted(changed.faulty)))

    def _case(self, ref: str, changed: _Changed, now: datetime) -> Sequence[Moved]:
        for attempt in range(_TRIES):
            loaded = self._casework.load(ref)
            causes = {
                one: said for one in (loaded.case.destination, loaded.case.origin) if (said := changed.said_of(one))
            }
            if not causes:
                return ()
            try:
                return self._commit(loaded, changed, causes, now)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def _commit(
        self, loaded: Loaded, calendars: _Changed, causes: Mapping[str, tuple[str, ...]], now: datetime
    ) -> Sequence[Moved]:
        case, facts = loaded.case, loaded.facts
        move = Recount(tuple(causes))
        answer = _counted(loaded.sop, case, move, facts, now)
        as_before = replace(facts, calendars=calendars.before(case, facts.calendars))
        rows = {(one.step, one.name): one for one in self._store.deadlines(case.ref)}
        come = _come(_counted(loaded.sop, case, move, as_before, now).effects, rows)
        effects = tuple(_to_write(answer.effects, rows, come))
        changed = [one for one in effects if isinstance(one, SetDeadline) and (one.step, one.name) in rows]
        if not changed:
            return ()
        moved = [
            Moved(one.step, one.name, rows[one.step, one.name].due_at, one.due_at)
            for one in changed
            if rows[one.step, one.name].due_at != one.due_at
        ]
        zone = loaded.facts.calendars.destination.zone
        said = [f"{_called(one)} from {_local(one.was, zone)} to {_local(one.now, zone)}" for one in moved]
        why = [one for country in causes.values() for one in country]
        note = f"{'; '.join(why)}. " + (f"Moved: {'; '.join(said)}." if said else "Only reminders have moved.")
        did = Did("", "", "recount", "recount", case.steps())
        self._store.commit(
            change_of(self._cipher, loaded.stored, answer.case, answer.facts, effects, did, Payload(move, note), now)
        )
        return moved


_Rungs = frozenset[tuple[str, int]]
"""Alarms of one deadline: of which kind, and which rung."""


def _counted(sop: CompiledSop, case: Case, move: Recount, facts: Facts, now: datetime) -> Decision:
    answer = decide(sop, case, move, facts, now)
    if not isinstance(answer, Decision):
        raise AssertionError("a recount is never refused")
    return answer


def _rungs(alarms: Iterable[Alarm]) -> _Rungs:
    return frozenset((one.kind, one.rung) for one in alarms)


def _come(effects: Iterable[Effect], rows: Mapping[Slot, Deadline]) -> dict[Slot, _Rungs]:
    """Return what has come of each deadline already: what the calendar of before laid out and its row holds no more."""
    laid_out = {(one.step, one.name): _rungs(one.alarms) for one in effects if isinstance(one, SetDeadline)}
    return {slot: laid_out.get(slot, frozenset()) - _rungs(row.alarms) for slot, row in rows.items()}


def _to_write(
    effects: Iterable[Effect], rows: Mapping[Slot, Deadline], come: Mapping[Slot, _Rungs]
) -> Iterable[Effect]:
    """Leave out clocks that have not moved, those that have ended, and alarms that have come already."""
    for one in effects:
        if not isinstance(one, SetDeadline) or one.kind == "wake":
            yield one
            continue
        slot = (one.step, one.name)
        row = rows.get(slot)
        if row is None:
            continue
        alarms = tuple(alarm for alarm in one.alarms if (alarm.kind, alarm.rung) not in come[slot])
        if (one.due_at, alarms, one.held) != (row.due_at, row.alarms, row.held):
            yield replace(one, alarms=alarms)


def _called(one: Moved) -> str:
    return " · ".join(filter(None, (one.step, "" if one.name == "due" else one.name)))


def _local(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")
