"""What differs from country to country, played: the shipped story moved to another corridor, then told on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.errors import WrongUse
from engine.settings import DEFINITIONS, Settings
from passerelle.scenarios import Rehearsal, read_story, stage_of

STORIES = sorted((Path(__file__).parent / "corridors").glob("*.yaml"))


def moved(text: str, destination: str, origin: str) -> str:
    """Return a shipped file with its desks in other countries: fr-lawyer becomes gr-lawyer, FR becomes GR."""
    for old, new in (("fr", destination), ("al", origin)):
        text = re.sub(rf"\b{old}-(?=[a-z])", f"{new}-", text)
        text = re.sub(rf"(country|from|to): {old.upper()}\b", rf"\1: {new.upper()}", text)
        text = text.replace(f"sample-{old}", f"sample-{new}")
    return text


def told_for(folder: Path, sop: str) -> None:
    """Put the shipped story and the sample desks into a folder, as they would be in the corridor of `sop`."""
    destination, origin = sop.split("-")[-2:]
    story = (DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml").read_text(encoding="utf-8")
    story = moved(story, destination, origin).replace("sop: adult-return\n", f"sop: {sop}\n")
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / f"{sop}.yaml").write_text(story, encoding="utf-8")
    (folder / "actors").mkdir()
    for country, name in (("fr", destination), ("al", origin)):
        desks = (DEFINITIONS / "actors" / f"sample-{country}.yaml").read_text(encoding="utf-8")
        (folder / "actors" / f"sample-{name}.yaml").write_text(moved(desks, destination, origin), encoding="utf-8")


@pytest.fixture
def corridors(tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    """The product without a procedure and without desks."""
    opened = build(Settings(data_dir=tmp_path, mail_folder=tmp_path / "mail"), clock)
    yield opened
    opened.close()


def rehearsal_of(sop: str, path: Path | None, house: Application, folder: Path) -> Rehearsal:
    told_for(folder, sop)
    house.procedures.publish(DEFINITIONS / "sops" / f"{sop}.yaml")
    stage = replace(stage_of(house), definitions=folder)
    others = folder / "scenarios"
    story = read_story(others / f"{sop}.yaml") if path is None else read_story(path, others)
    return Rehearsal(stage, story, lambda what, done: None)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_reflection_period_lasts_as_long_as_the_country_gives(path: Path, corridors: Application, tmp_path: Path):
    """The steps are those that the story expects on each day, and the case's chain is whole."""
    sop = re.search(r"^like: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sop is not None
    rehearsal = rehearsal_of(sop[1], path, corridors, tmp_path)
    rehearsal.launch()

    assert list(rehearsal.play())
    assert corridors.queries.verify(rehearsal.ref) == {rehearsal.ref: []}


def test_every_country_of_destination_has_a_story():
    """One for each country from which a shipped corridor begins, within TACT."""
    told = {re.search(r"^like: adult-return-(..)-", one.read_text(), re.MULTILINE)[1] for one in STORIES}  # type: ignore[index]

    assert told == {"fr", "gr", "it", "pl", "es"}


def test_what_is_not_confirmed_is_shown_where_it_matters(corridors: Application, tmp_path: Path):
    """Italy's period only once it is asked for, what holds everywhere at each moment, in the reader's language."""
    path = next(one for one in STORIES if one.stem == "italy")
    rehearsal = rehearsal_of("adult-return-it-al", path, corridors, tmp_path)
    rehearsal.launch()
    first = corridors.queries.case(rehearsal.ref)["not_confirmed"]
    playing = rehearsal.play()

    while "reflection_requested" not in corridors.casework.load(rehearsal.ref).case.steps():
        next(playing)
    asked = corridors.queries.case(rehearsal.ref)["not_confirmed"]
    list(playing)

    later = corridors.queries.case(rehearsal.ref, "fr")["not_confirmed"]
    assert [(one["id"], one["country"], one["steps"]) for one in first] == [
        ("it_referral_mechanism", "IT", ["referral"]), ("it_focal_point", "IT", []),
    ]  # fmt: skip
    assert "it_reflection_period" in [one["id"] for one in asked]
    assert [one["id"] for one in later] == ["it_identification", "it_focal_point"]
    assert "n’est pas confirmé" in later[-1]["text"]


def test_who_acts_in_a_country_is_said_beside_the_party(corridors: Application, tmp_path: Path):
    """The note of the layer, not of the base; a role of which nothing is known says nothing."""
    rehearsal = rehearsal_of("adult-return-fr-al", None, corridors, tmp_path)
    rehearsal.launch()

    parties = corridors.queries.case(rehearsal.ref)["parties"]
    assert "ONAC" in parties["origin_focal_point"]["note"]
    assert parties["lawyer"]["note"] == ""


def test_a_launch_in_another_corridor_names_the_right_procedure(corridors: Application, tmp_path: Path):
    """What goes from and to those countries alone comes first; of what nobody published it says so."""
    rehearsal_of("adult-return-gr-al", None, corridors, tmp_path)
    for name in ("adult-return", "adult-return-fr-al"):
        corridors.procedures.publish(DEFINITIONS / "sops" / f"{name}.yaml")

    with pytest.raises(WrongUse) as wrong:
        corridors.casework.launch("adult-return-gr-al", "FR", "AL", "fr-first-contact", {}, {})
    with pytest.raises(WrongUse) as nowhere:
        corridors.casework.launch("adult-return-gr-al", "CH", "NG", "fr-first-contact", {}, {})

    assert wrong.value.details == ("it goes from: GR", "from FR to AL goes: adult-return-fr-al, adult-return")
    assert nowhere.value.details[-1] == "no published procedure goes from CH to NG"
