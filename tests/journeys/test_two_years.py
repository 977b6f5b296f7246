"""Two years of a caseload: sweeps and couriers fail, people are away or must not be told, calendars change late.

What came of it is held against an interpreter of ladders that knows the files and the journal only (`ladder`): each rung once, to
whom it must go, at the moment at which it must leave; nothing after a mute, nothing lost. `PASSERELLE_TEST_YEARS_CASES` says how
many cases run at a time, `PASSERELLE_TEST_YEARS_SEED` with which seed; it is printed.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from engine.actors.model import Actor, Way
from engine.application.casework import Refused
from engine.application.ports import Message
from engine.application.sweep import BATCH, LEASE
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings
from engine.values import MessageState
from tests.journeys.ladder import Country, Event, Interpreter, Reader, Row, rules

CASES = int(os.environ.get("PASSERELLE_TEST_YEARS_CASES", "16"))
SEED = int(os.environ.get("PASSERELLE_TEST_YEARS_SEED", "0")) or random.randrange(1, 10**6)
BEGIN, END = datetime(2026, 3, 2, 8, 0, 11, tzinfo=UTC), datetime(2028, 3, 1, 8, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

ROLES = """\
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
  boss: {side: destination, title: {en: Boss, fr: Responsable}}
  far: {side: origin, title: {en: Far worker, fr: Référent là-bas}}
  far_boss: {side: origin, title: {en: Far boss, fr: Responsable là-bas}}
facts:
  shared: {type: boolean, title: {en: Shared, fr: Partagé}}
share_when: [{fact: {shared: true}}]
destination: [FR, ES]
origin: [AL, MA]
"""

PROCEDURES = {
    "asking": """\
sop: asking
title: {en: Asking, fr: Demande}
start: ask
steps:
  ask:
    title: {en: Ask, fr: Demander}
    responsible: [worker]
    due:
      within: 5 working days
      remind: [3 working days before, 1 working day before, 1 working day after]
      escalate: [{after: 2 working days, to: [boss]}, {after: 5 working days, to: [boss, far_boss]}]
    actions:
      send: {to: answer, by: [worker]}
      worry: {to: alert, by: [worker]}
      close: {to: over, by: [worker]}
      give_up: {to: rest, by: [system], automatic: {after: 30 days}}
  answer:
    title: {en: Answer, fr: Répondre}
    responsible: [far]
    due:
      within: 6 working days
      calendar: both
      remind: [2 days before, 0 days before]
      escalate: [{after: 1 week, to: [far_boss, worker]}]
    actions:
      reply: {to: ask, by: [far]}
      worry: {to: alert, by: [far]}
  alert:
    title: {en: Alert, fr: Alerte}
    responsible: [worker, far]
    due: {within: 48 hours, remind: [12 hours before], escalate: [{after: 6 hours, to: [boss]}, {after: 3 days, to: [far_boss]}]}
    actions: {calm: {to: ask, by: [worker, far]}}
  rest:
    title: {en: Rest, fr: Repos}
    responsible: [boss]
    due: {within: 10 working days, calendar: either, remind: [1 week before, 4 days after]}
    actions:
      wake_up: {to: ask, by: [boss]}
      go_on: {to: ask, by: [system], automatic: {after: 20 working days, calendar: both}}
  over: {end: done, title: {en: Over, fr: Fini}}
""",
    "visiting": """\
sop: visiting
title: {en: Visiting, fr: Visites}
start: visits
steps:
  visits:
    title: {en: Visits, fr: Visites}
    responsible: [far]
    forms: [check]
    series:
      visit:
        at: [1 week, 1 month, 3 months, 60 working days]
        calendar: origin
        forms: [check]
        remind: [2 working days before, 1 day after]
    actions:
      finish: {to: talk, by: [far]}
  talk:
    title: {en: Talk, fr: Entretien}
    responsible: [worker, far]
    due:
      within: 2 weeks
      calendar: origin
      remind: [10 days before, 1 week before, 1 day before]
      escalate: [{after: 1 day, to: [boss]}, {after: 1 month, to: [far_boss, boss]}]
    actions:
      again: {to: visits, by: [worker]}
      repeat: {to: talk, by: [far]}
      close: {to: over, by: [worker]}
  over: {end: done, title: {en: Over, fr: Fini}}
""",
}
FORM = """\
form: check
title: {en: Check, fr: Contrôle}
fields: {fine: {type: boolean, title: {en: Fine, fr: Bien}}}
"""
ACTIONS = {
    "ask": ["send", "send", "worry", "close"],
    "answer": ["reply", "reply", "reply", "worry"],
    "alert": ["calm"],
    "rest": ["wake_up"],
    "visits": ["finish"],
    "talk": ["again", "again", "repeat", "close"],
}
BY = {
    "send": "worker", "worry": "far", "close": "worker", "reply": "far", "calm": "worker", "wake_up": "boss", "finish": "far",
    "again": "worker", "repeat": "far",
}  # fmt: skip
SIDES = {"worker": 0, "boss": 0, "far": 1, "far_boss": 1}
COUNTRIES = {"FR": 0, "ES": 0, "AL": 1, "MA": 1}
DAILY = frozenset({"fr-boss", "al-far", "ma-far-boss", "es-second"})
DESKS = {
    f"{country.lower()}-{name.replace('_', '-')}": Reader(
        country, f"{country.lower()}-{name.replace('_', '-')}" in DAILY
    )
    for country, side in COUNTRIES.items()
    for name in (*(role for role, at in SIDES.items() if at == side), "second", "third")
}


def definitions(folder: Path) -> Path:
    """Definitions of one's own: the shipped words, calendars that can be edited, two procedures of a few lines."""
    for name in ("messages", "calendars"):
        shutil.copytree(DEFINITIONS / name, folder / name)
    for name in ("sops", "forms"):
        (folder / name).mkdir()
    for name, text in PROCEDURES.items():
        (folder / "sops" / f"{name}.yaml").write_text(text + ROLES, encoding="utf-8")
    (folder / "forms" / "check.yaml").write_text(FORM, encoding="utf-8")
    return folder


def opened(folder: Path, clock: FixedClock) -> Application:
    settings = Settings(data_dir=folder / "data", mail_folder=folder / "mail", definitions=definitions(folder / "own"))
    house = build(settings, clock)
    for name in PROCEDURES:
        house.procedures.publish(folder / "own" / "sops" / f"{name}.yaml")
    house.people.add(
        [
            Actor(
                id=id,
                name=id,
                country=desk.country,
                roles=_roles(id, desk),
                daily=desk.daily,
                channels=(Way(kind="mail", address=f"{id}@example.org"),),
            )
            for id, desk in DESKS.items()
        ]
    )
    return house


def _roles(id: str, desk: Reader) -> tuple[str, ...]:
    """A deputy stands for all roles of its side."""
    role = id[3:].replace("-", "_")
    return (role,) if role in SIDES else tuple(one for one, side in SIDES.items() if side == COUNTRIES[desk.country])


@dataclass
class Years:
    """The caseload as it is led: chance chooses what happens, and each thing that happened is in the journal."""

    house: Application
    clock: FixedClock
    chance: random.Random
    journal: list[Event] = field(default_factory=list)
    open: dict[str, tuple[str, str]] = field(default_factory=dict)
    muted: dict[tuple[str, str], None] = field(default_factory=dict)
    away: dict[str, date] = field(default_factory=dict)
    down: dict[str, datetime] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)

    def lead(self) -> None:
        """Let two years pass."""
        while self.clock.now() < END:
            self.clock.advance(timedelta(seconds=self.chance.randint(2_000, 40_000)))
            while len(self.open) < CASES:
                self._launch()
            for _ in range(self.chance.randint(0, max(1, CASES // 12))):
                self.clock.advance(SECOND)
                self.chance.choices(
                    [self._act, self._record, self._stop, self._go_on, self._mute, self._unmute, self._away, self._announce],
                    [20, 4, 4, 5, 2, 2, 1, 0.6],
                )[0]()  # fmt: skip
            for what in self.chance.sample(["sweep", "carry"], 2):
                self.clock.advance(SECOND)
                self._work(what)

    def _note(self, event: Event) -> None:
        self.journal.append(event)
        self.numbers[event.what] += 1

    def _launch(self) -> None:
        sop, countries = (
            self.chance.choice(list(PROCEDURES)),
            (self.chance.choice(["FR", "ES"]), self.chance.choice(["AL", "MA"])),
        )
        given = {role: _desk(role, countries) for role in SIDES}
        ref = self.house.casework.launch(sop, *countries, given["worker"], {"shared": "true"}, given).ref
        self.open[ref] = countries
        step = {"asking": "ask", "visiting": "visits"}[sop]
        self._note(Event(self.clock.now(), "launch", ref, step, countries=countries, sop=sop))
        self._note(Event(self.clock.now(), "enter", ref, step))

    def _case(self) -> tuple[str, str]:
        ref = self.chance.choice(list(self.open))
        stored = self.house.store.case(ref)
        assert stored is not None
        return ref, stored.main

    def _who(self, ref: str, role: str) -> str:
        return _desk(role, self.open[ref])

    def _act(self) -> None:
        ref, step = self._case()
        action = self.chance.choice(ACTIONS[step])
        by = "worker" if step == "ask" else BY[action]
        moved = self.house.casework.take(ref, action, self._who(ref, by))
        self._note(Event(self.clock.now(), "enter", ref, moved.steps[0]))
        if moved.outcome is not None:
            del self.open[ref]

    def _record(self) -> None:
        ref, step = self._case()
        if step == "visits":
            today = self.clock.now().date() - timedelta(days=1)
            given = {"fine": True, "signed_on": today.isoformat(), "signed_by": ["far"]}
            self.house.casework.record(ref, "check", given, self._who(ref, "far"))
            self._note(Event(self.clock.now(), "record", ref, step))

    def _stop(self) -> None:
        self._try(
            "suspend", lambda ref, step: self.house.casework.suspend(ref, step, "hospital", self._able(ref, step))
        )

    def _go_on(self) -> None:
        self._try("resume", lambda ref, step: self.house.casework.resume(ref, step, self._able(ref, step)))

    def _able(self, ref: str, step: str) -> str:
        return self._who(ref, {"rest": "boss", "answer": "far"}.get(step, "worker"))

    def _try(self, what: str, move: Callable[[str, str], object]) -> None:
        ref, step = self._case()
        try:
            move(ref, step)
        except Refused:
            self.numbers["refused"] += 1
        else:
            self._note(Event(self.clock.now(), what, ref, step))  # type: ignore[arg-type]

    def _mute(self) -> None:
        ref, _ = self._case()
        role = self.chance.choice([*SIDES, ""])
        if (ref, role) not in self.muted:
            self.house.casework.mute(ref, role, self._who(ref, "worker"), "contact would be dangerous")
            self.muted[ref, role] = None
            self._note(Event(self.clock.now(), "mute", ref, role=role))

    def _unmute(self) -> None:
        known = [one for one in self.muted if one[0] in self.open]
        if known:
            ref, role = self.chance.choice(known)
            self.house.casework.mute(ref, role, self._who(ref, "worker"), "safe again", off=True)
            del self.muted[ref, role]
            self._note(Event(self.clock.now(), "unmute", ref, role=role))

    def _away(self) -> None:
        """Somebody is away from tomorrow or later on; a deputy may be away too."""
        id = self.chance.choice([one for one in DESKS if not one.endswith("third")])
        first = self.clock.now().date() + timedelta(days=self.chance.randint(2, 20))
        if first > self.away.get(id, date.min):
            last = first + timedelta(days=self.chance.randint(0, 25))
            deputy = id[:3] + ("third" if id.endswith("second") else self.chance.choice(["second", "third"]))
            self.house.people.absent(id, first, last, deputy)
            self.away[id] = last
            self._note(Event(self.clock.now(), "absent", actor=id, away=(first, last, deputy)))

    def _announce(self) -> None:
        """A holiday that nobody knew of: weeks ahead, tomorrow, or the day before yesterday."""
        country = self.chance.choice(list(COUNTRIES))
        file = self.house.almanac.path_of(country)
        day = self.clock.now().date() + timedelta(days=self.chance.randint(-2, 25))
        if Country.of(file).works(day) and day.isoformat() not in file.read_text(encoding="utf-8"):
            text = file.read_text(encoding="utf-8")
            file.write_text(
                text.replace("holidays:\n", f"holidays:\n  {day}: a day of mourning\n", 1), encoding="utf-8"
            )
            self._note(Event(self.clock.now(), "announce", countries=(country, ""), away=(day, day, "")))

    def _work(self, what: str) -> None:
        """Sweep or carry, unless it is down; now and then it dies with all it has taken in its hands, or stays away for days."""
        now = self.clock.now()
        if now < self.down.get(what, now):
            return
        if self.chance.random() < 0.015:
            self.down[what] = now + HOUR * self.chance.choice([3, 10, 30, 70, 180, 300])
            self.numbers[f"{what} down"] += 1
            if what == "sweep":
                self.house.store.claim_due(now, BATCH, now + LEASE)
            else:
                self.house.courier.lease()
            return
        if what == "sweep":
            assert self.house.sweep.run().stuck == ()
        else:
            self.house.courier.run()
        self._note(Event(now, what))  # type: ignore[arg-type]


def _desk(role: str, countries: tuple[str, str]) -> str:
    return f"{countries[SIDES[role]].lower()}-{role.replace('_', '-')}"


@pytest.fixture
def years(tmp_path: Path) -> Iterator[Years]:
    clock = FixedClock(BEGIN)
    house = opened(tmp_path, clock)
    yield Years(house, clock, random.Random(SEED))
    house.close()


def test_two_years_lose_nothing_and_double_nothing(years: Years, tmp_path: Path) -> None:
    """Each reminder and each escalation that the files promise, once, to the right desk, at the right moment; and no other."""
    print(f"seed {SEED}, {CASES} cases at a time")
    shutil.copytree(tmp_path / "own" / "calendars", tmp_path / "before")
    years.lead()

    found = [
        Row(
            one.ref, str(one.kind), one.template, one.role, one.step, one.due_at, one.queued_at, _state(one), one.sent_at,
            urgent=one.urgent,
        )
        for one in years.house.store.messages()
    ]  # fmt: skip
    interpreter = Interpreter(
        {name: rules(tmp_path / "own" / "sops" / f"{name}.yaml") for name in PROCEDURES},
        tmp_path / "before", DESKS, SIDES, [one for one in found if one.kind not in ("reminder", "escalation")],
    )  # fmt: skip
    foretold = interpreter.play(years.journal)
    print(dict(years.numbers), Counter(one.state for one in found), Counter(one.template for one in found))

    wrong = _differences(found, foretold)
    for event in years.journal:
        if wrong and (event.what == "announce" or (event.ref and event.ref in wrong[0])):
            print(event)
    assert wrong == []
    sent = years.house.store.messages(states=[MessageState.SENT])
    mails = [message_from_bytes(one.read_bytes()) for one in (tmp_path / "mail").glob("*.eml")]
    assert len(mails) == len({one.letter or one.key for one in sent})
    assert Counter(str(one["To"]).partition("@")[0] for one in mails) == Counter(
        reader.partition(" ")[0] for _, reader in interpreter.letters
    )


def _state(message: Message) -> str:
    """In the hands of a courier that died, it waits like the others."""
    return str(MessageState.QUEUED if message.state is MessageState.SENDING else message.state)


def _differences(found: list[Row], foretold: list[Row]) -> list[str]:
    """Return what came and was not foretold, and what was foretold and did not come; in the order of time."""
    came, meant = (Counter(map(_said, rows)) for rows in (found, foretold))
    wrong = [(row, "came") for row in (came - meant).elements()] + [(row, "meant") for row in (meant - came).elements()]
    return [f"{what}: {row}" for row, what in sorted(wrong, key=lambda one: (one[0][6], one[0]))]


def _said(row: Row) -> tuple[str, ...]:
    """Who read it is no column of a row: the addresses of the mails tell."""
    times = (row.due_at, row.queued_at, row.sent_at)
    return (
        row.ref,
        row.kind,
        row.template,
        row.role,
        row.step,
        *(str(one) for one in times),
        row.state,
        str(row.urgent),
    )
