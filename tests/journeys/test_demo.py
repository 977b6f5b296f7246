"""The demo itself: the command a newcomer runs, as a process, with Prefect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest

from cli.journey import draw_journey
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings
from engine.sop.load import Shelf, load_sop


@pytest.fixture(scope="module")
def steps():
    """Every step of the adult procedure, strands and what runs alongside included."""
    file, _ = load_sop(DEFINITIONS / "sops" / "adult-return.yaml", Shelf.of(DEFINITIONS)[0])
    assert file is not None
    lines = [line for step in file.sop.steps.values() for line in step.strands.values()]
    lines += file.sop.alongside.values()
    return dict(file.sop.steps) | {name: step for line in lines for name, step in line.steps.items()}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    folder = tmp_path_factory.mktemp("demo")
    words = [sys.executable, "-m", "cli.main", "demo", "--json", "--dir", str(folder / "house")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, env={**os.environ, "COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    told["folder"] = str(folder / "house")
    return told


def test_the_demo_ends_in_a_closed_case_with_every_step_of_the_journey(told, steps):
    """From the referral (S05) to the evaluation (S37), with the ten services and what runs alongside; nothing is left out."""
    case, history = told["case"], told["history"]

    assert case["outcome"] == "closed_reintegrated"
    assert [entry["seq"] for entry in history] == list(range(1, len(history) + 1))
    codes = {steps[step].code for entry in history for step in entry["to"]}
    journey = {f"S{number:02}" for number in range(5, 38)}
    assert journey | {f"R{number}" for number in range(1, 11)} | {"P1", "P2", "P3"} <= codes


def test_both_countries_are_told_at_every_transition_that_concerns_them(told, steps):
    """Whoever is responsible for a step that is entered is told in that very transaction, or it is on record why not."""
    answered = {(one["seq"], one["role"]): one["state"] for one in told["messages"] if one["kind"] != "reminder"}
    expected = [
        (entry["seq"], role)
        for entry in told["history"] if entry["move"] == "action"
        for step in entry["entered"] for role in steps[step].responsible
    ]  # fmt: skip

    assert len(expected) > 100
    assert [one for one in expected if one not in answered] == []
    withheld = {role for (seq, role) in expected if answered[seq, role] == "withheld"}
    assert withheld <= {"origin_police"}, "only the police, to whom the person did not agree"


def test_nothing_goes_abroad_before_the_person_consents_to_sharing(told):
    """Before the first consent to share with the country of return is on record, no message to it is sent."""
    consent = min(
        entry["seq"] for entry in told["history"]
        if entry["action"] == "informed_consent.data_share" and entry["at"] >= "2026-04"
    )  # fmt: skip
    early = [one for one in told["messages"] if one["seq"] < consent and one["country"] == "AL"]

    assert all(one["state"] == "withheld" for one in early)


LADDER = ("reminder", "escalation")
HOURS = "alert_responded"
"""A step whose deadline is counted in hours: what is said of it leaves at once, by itself."""


def test_both_countries_are_told_and_every_message_has_arrived(told):
    """Each message is sent or was withheld with a reason; none is lost, failed or doubled, and none still waits.

    What the clocks bring forth for one reader in one morning is one letter.
    """
    messages = told["messages"]

    assert {one["state"] for one in messages} <= {"sent", "withheld"}
    assert all(one["reason"] for one in messages if one["state"] == "withheld")
    assert {one["country"] for one in messages if one["state"] == "sent"} >= {"FR", "AL"}
    mails = list((Path(told["folder"]) / "mail").glob("*.eml"))
    letters = {
        (one["actor"], one["sent_at"]) if one["kind"] in LADDER and one["step"] != HOURS else (one["id"],)
        for one in messages if one["state"] == "sent"
    }  # fmt: skip
    assert len(mails) == len(letters)


ZONES = {"FR": ZoneInfo("Europe/Paris"), "AL": ZoneInfo("Europe/Tirane")}


def test_reminders_and_escalations_come_in_the_readers_morning(told):
    """At nine on a working day of the reader's country; what is counted in hours waits for nobody."""
    climbed = [one for one in told["messages"] if one["kind"] in LADDER and one["sent_at"]]
    local = [(one, datetime.fromisoformat(one["sent_at"]).astimezone(ZONES[one["country"]])) for one in climbed]
    alert = [at for one, at in local if one["step"] == HOURS]
    morning = [(one["country"], at) for one, at in local if one["step"] != HOURS]

    assert {one["country"] for one in climbed if one["kind"] == "escalation"} == {"FR", "AL"}
    assert {at.time() for at in alert} == {time(10)}
    assert {at.time() for _, at in morning} == {time(9)}
    free = {country: holidays.country_holidays(country) for country in ZONES}
    assert [at for country, at in morning if at.weekday() > 4 or at.date() in free[country]] == []


def test_the_demo_shows_who_was_reminded_and_to_whom_it_was_escalated(told, capsys):
    """The ladder of the handover file climbs on both sides; each line has the day and the place of its reader."""
    settings = Settings(data_dir=Path(told["folder"]), mail_folder=Path(told["folder"]) / "mail")
    house = build(settings, FixedClock(datetime(2027, 9, 2, tzinfo=UTC)))

    draw_journey(told, house)

    house.close()
    shown = capsys.readouterr().out
    for line in (
        "Thu 2026-05-21 09:00 in Albania  reminder to Receiving case manager",
        "Fri 2026-05-29 09:00 in Albania  escalated to Focal point in the country of",
        "Fri 2026-05-29 09:00 in France   escalated to Focal point in the country of",
        "Closed: Returned and reintegrated",
    ):
        assert line in shown


def test_no_message_speaks_of_the_person(told):
    """What the forms say of the person stands in no mail."""
    secrets = ("wages never paid", "Paper", "Shelter address", "traffick", "Tirana", "victim")

    for mail in (Path(told["folder"]) / "mail").glob("*.eml"):
        text = mail.read_text(encoding="utf-8")
        assert not any(secret.lower() in text.lower() for secret in secrets), mail.name
