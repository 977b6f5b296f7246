"""Stories in YAML, played on the whole engine: dated events, the steps and messages expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.application.rehearsal import Rehearsal, Stage, read_story
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings

STORIES = sorted([*(DEFINITIONS / "scenarios").glob("*.yaml"), *Path(__file__).parent.glob("*.yaml")])


def stage_of(house: Application, clock: FixedClock) -> Stage:
    return Stage(
        clock, house.store, house.people, house.casework, house.corrections, house.sweep, house.settings.definitions
    )


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_goes_as_it_is_told(path: Path, house: Application, clock: FixedClock):
    """Every move is accepted or refused as the story says, the case stands where it should, and its chain is whole."""
    rehearsal = Rehearsal(stage_of(house, clock), read_story(path), lambda what, moved: None)
    rehearsal.launch()

    played = list(rehearsal.play())

    assert played
    assert house.queries.verify(rehearsal.ref) == {rehearsal.ref: []}


def test_the_whole_story_goes_the_same_way_on_postgresql(tmp_path: Path, clock: FixedClock, postgres_url: str):
    """All of the shipped story on the other database: closed, every message delivered, chain whole."""
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, mail_folder=tmp_path / "mail")
    house = build(settings, clock, upgrading=True)
    house.procedures.publish(DEFINITIONS / "sops" / "adult-return.yaml")
    rehearsal = Rehearsal(stage_of(house, clock), read_story(STORIES[0]), lambda what, moved: None)
    rehearsal.launch()

    played = list(rehearsal.play())
    delivered = house.courier.run()

    assert len(played) == 247
    assert house.queries.case(rehearsal.ref)["outcome"] == "closed_reintegrated"
    assert delivered.sent == len(list((tmp_path / "mail").glob("*.eml"))) > 400
    assert house.queries.verify(rehearsal.ref) == {rehearsal.ref: []}
    house.close()
