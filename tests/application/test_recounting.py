"""A calendar changes while cases are open: dates move, each with its cause; nothing comes twice and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.actors.model import Actor, Way
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings

PROCEDURE = """\
sop: counted
title: {en: Counted, fr: Compté}
destination: [FR]
origin: [AL]
roles:
  worker: {side: destination, title: {en: Worker, fr: Référent}}
  boss: {side: destination, title: {en: Boss, fr: Responsable}}
share_when: []
start: work
steps:
  work:
    title: {en: Work, fr: Travail}
    responsible: [worker]
    due:
      within: 5 working days
      remind: [2 working days before]
      escalate: [{after: 1 working day, to: [boss]}]
    actions:
      finish: {to: over, by: [worker]}
      lapse: {to: over, by: [system], automatic: {after: 10 working days}}
  over: {end: done, title: {en: Over, fr: Fini}}
"""


@pytest.fixture
def calendars(tmp_path: Path) -> Path:
    """Definitions of one's own, with calendars that can be edited."""
    for folder in ("messages", "calendars"):
        shutil.copytree(DEFINITIONS / folder, tmp_path / "own" / folder)
    (tmp_path / "own" / "sops").mkdir()
    (tmp_path / "own" / "sops" / "counted.yaml").write_text(PROCEDURE, encoding="utf-8")
    return tmp_path / "own" / "calendars"


@pytest.fixture
def house(tmp_path: Path, clock: FixedClock, calendars: Path, database_url: str) -> Iterator[Application]:
    settings = Settings(
        data_dir=tmp_path / "data",
        mail_folder=tmp_path / "mail",
        definitions=calendars.parent,
        database_url=database_url,
    )
    opened = build(settings, clock, upgrading=True)
    opened.procedures.publish(calendars.parent / "sops" / "counted.yaml")
    way = (Way(kind="mail", address="desk@example.org"),)
    opened.people.add(
        [Actor(id=role[0], name=role, country="FR", roles=(role,), channels=way) for role in ("worker", "boss")]
    )
    yield opened
    opened.close()


def begin(house: Application) -> str:
    return house.casework.launch("counted", "FR", "AL", "w", {}, {}).ref


def announce(calendars: Path, *lines: str, country: str = "fr") -> None:
    """Add holidays to a calendar, as a designer would."""
    file = calendars / f"{country}.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("holidays:\n", "holidays:\n" + "".join(f"  {one}\n" for one in lines)), encoding="utf-8"
    )


def due(house: Application, ref: str) -> dict[str, str]:
    return {one["name"]: one["due_at"][:10] for one in house.queries.case(ref)["deadlines"]}


def test_a_late_holiday_moves_what_is_open_and_says_why(house, calendars):
    """The deadline and the timed action, in one entry of the history that names the day; the chain is whole."""
    ref = begin(house)
    house.sweep.run()
    assert due(house, ref) == {"due": "2026-03-09", "lapse": "2026-03-16"}

    announce(calendars, "2026-03-06: {name: Day of Mourning, note: announced on 3 March}")
    done = house.sweep.run()

    assert due(house, ref) == {"due": "2026-03-10", "lapse": "2026-03-17"}
    assert done.recounted == 2
    (entry,) = [one for one in house.queries.history(ref) if one["move"] == "recount"]
    assert "FR: 2026-03-06 is now a holiday (Day of Mourning)" in entry["note"]
    assert "work from 2026-03-09 23:59 to 2026-03-10 23:59" in entry["note"]
    assert house.queries.verify(ref) == {ref: []}


def test_what_has_not_changed_is_not_counted_again(house, calendars):
    """A second sweep, a comment, a holiday of another country or of another year leave no trail."""
    ref = begin(house)
    house.sweep.run()
    announce(calendars, "# of no matter", country="fr")
    announce(calendars, "2026-03-06: elsewhere", country="de")
    announce(calendars, "2029-03-06: far away", country="fr")

    done = house.sweep.run()

    assert done.recounted == 0
    assert [one["move"] for one in house.queries.history(ref)] == ["launch"]


def test_a_reminder_that_has_come_does_not_come_again(house, calendars, clock):
    """Reminded on Thursday; a holiday next week moves the end, not what was said already."""
    ref = begin(house)
    clock.move_to(datetime(2026, 3, 5, 12, tzinfo=UTC))
    assert house.sweep.run().messages == 1

    announce(calendars, "2026-03-09: announced late")
    again = house.sweep.run()

    assert (again.recounted, again.messages) == (2, 0)
    assert due(house, ref)["due"] == "2026-03-10"


def test_a_reminder_that_has_come_does_not_come_again_on_its_new_day(house, calendars, clock):
    """Reminded on Thursday morning; that noon the day becomes a holiday, by which it would come on Friday."""
    ref = begin(house)
    clock.move_to(datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert house.sweep.run().messages == 1

    announce(calendars, "2026-03-05: a day of mourning")
    clock.move_to(datetime(2026, 3, 5, 11, tzinfo=UTC))
    recounted = house.sweep.run().recounted
    clock.move_to(datetime(2026, 3, 6, 11, tzinfo=UTC))

    assert (recounted, house.sweep.run().messages, due(house, ref)["due"]) == (2, 0, "2026-03-10")


def test_what_was_still_to_come_is_not_lost_when_its_day_moves_into_the_past(house, calendars, clock):
    """A holiday that is taken back makes the deadline earlier than now: the reminder, the end and the escalation come at once."""
    announce(calendars, *(f"2026-03-{day:02}: closed" for day in (3, 4, 5, 6)))
    ref = begin(house)
    house.sweep.run()
    assert due(house, ref)["due"] == "2026-03-13"
    clock.move_to(datetime(2026, 3, 11, 6, tzinfo=UTC))
    shutil.copy(DEFINITIONS / "calendars" / "fr.yaml", calendars / "fr.yaml")

    done = house.sweep.run()

    assert (due(house, ref)["due"], done.recounted) == ("2026-03-09", 2)
    assert [one["kind"] for one in house.queries.messages(ref)] == ["your_turn", "reminder", "escalation"]
    assert house.sweep.run().messages == 0


def test_a_calendar_with_faults_changes_nothing_until_it_is_mended(house, calendars):
    """It is told with every sweep, and the last sound one counts."""
    ref = begin(house)
    house.sweep.run()
    announce(calendars, "2026-03-32: no such day")
    done = house.sweep.run()
    assert (done.faulty, done.recounted, due(house, ref)["due"]) == (("FR",), 0, "2026-03-09")

    shutil.copy(DEFINITIONS / "calendars" / "fr.yaml", calendars / "fr.yaml")
    announce(calendars, "2026-03-06: mended")

    assert house.sweep.run().recounted == 2


def test_a_suspended_deadline_is_counted_anew_and_stands_still(house, calendars, clock):
    """It goes on by the calendar of the day on which it goes on."""
    ref = begin(house)
    house.sweep.run()
    clock.advance(timedelta(days=1))
    house.casework.suspend(ref, "work", "hospital", "w")
    announce(calendars, "2026-03-13: announced late")
    house.sweep.run()
    states = {one["name"]: one["state"] for one in house.queries.case(ref)["deadlines"]}
    assert states == {"due": "suspended", "lapse": "open"}

    clock.advance(timedelta(days=7))
    house.casework.resume(ref, "work", "w")

    assert due(house, ref)["due"] == "2026-03-17"
    moves = [(one["move"], one["action"], one["note"]) for one in house.queries.history(ref)]
    assert moves[1] == ("suspend", "work", "the person is in hospital")
    assert moves[-1][:2] == ("resume", "work")


def test_a_suspension_under_a_key_is_made_once(house):
    """A repeat does nothing; the same key for another step is a conflict."""
    ref = begin(house)
    first = house.casework.suspend(ref, "work", "hospital", "w", key="k")

    again = house.casework.suspend(ref, "work", "hospital", "w", key="k")

    assert (first.repeated, again.repeated, again.seq) == (False, True, first.seq)


def test_nobody_is_reminded_while_a_clock_stands_still(house, clock):
    """Nor is the case on the list of what is late."""
    ref = begin(house)
    house.casework.suspend(ref, "work", "hospital", "w")
    clock.advance(timedelta(days=12))

    assert house.sweep.run().messages == 0
    assert house.queries.cases(overdue=True) == []
