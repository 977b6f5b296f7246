"""The demo itself: the command a newcomer runs, as a process, with Prefect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    folder = tmp_path_factory.mktemp("demo")
    words = [sys.executable, "-m", "cli.main", "demo", "--json", "--dir", str(folder / "house")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, env={**os.environ, "COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    told["folder"] = str(folder / "house")
    return told


def test_the_demo_ends_in_a_closed_case_with_every_step_of_the_journey(told):
    """From the first contact to closure; the history is complete and says how the case got there."""
    case, history = told["case"], told["history"]

    assert case["outcome"] == "closed_reintegrated"
    assert [entry["seq"] for entry in history] == list(range(1, len(history) + 1))
    entered = {step for entry in history for step in entry["to"]}
    assert {"referral", "legal_check", "departure", "arrival", "reintegration", "evaluation"} <= entered


def test_nothing_goes_abroad_before_the_person_consents_to_sharing(told):
    """Before the first consent to share with the country of return is on record, no message to it is sent."""
    consent = min(
        entry["seq"] for entry in told["history"]
        if entry["action"] == "informed_consent.data_share" and entry["at"] >= "2026-04"
    )  # fmt: skip
    early = [one for one in told["messages"] if one["seq"] < consent and one["country"] == "AL"]

    assert all(one["state"] == "withheld" for one in early)


def test_both_countries_are_told_and_every_message_has_arrived(told):
    """Each message is sent or was withheld with a reason; none is lost, failed or doubled."""
    messages = told["messages"]

    assert {one["state"] for one in messages} <= {"sent", "withheld"}
    assert all(one["reason"] for one in messages if one["state"] == "withheld")
    assert {one["country"] for one in messages if one["state"] == "sent"} >= {"FR", "AL"}
    mails = list((Path(told["folder"]) / "mail").glob("*.eml"))
    assert len(mails) == sum(one["state"] == "sent" for one in messages)


def test_no_message_speaks_of_the_person(told):
    """What the forms say of the person stands in no mail."""
    secrets = ("wages never paid", "Paper", "Shelter address", "traffick", "Tirana", "victim")

    for mail in (Path(told["folder"]) / "mail").glob("*.eml"):
        text = mail.read_text(encoding="utf-8")
        assert not any(secret.lower() in text.lower() for secret in secrets), mail.name
