"""Stories in YAML, played on the whole engine: dated events, the steps and messages expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.application.rehearsal import Rehearsal, Stage, read_story
from engine.bootstrap import Application
from engine.clock import FixedClock
from engine.settings import DEFINITIONS

STORIES = sorted([*(DEFINITIONS / "scenarios").glob("*.yaml"), *Path(__file__).parent.glob("*.yaml")])


def stage_of(house: Application, clock: FixedClock) -> Stage:
    return Stage(clock, house.store, house.people, house.casework, house.corrections, house.sweep)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_goes_as_it_is_told(path: Path, house: Application, clock: FixedClock):
    """Every move is accepted or refused as the story says, the case stands where it should, and its chain is whole."""
    rehearsal = Rehearsal(stage_of(house, clock), read_story(path), lambda what, moved: None)
    rehearsal.launch()

    played = list(rehearsal.play())

    assert played
    assert house.queries.verify(rehearsal.ref) == {rehearsal.ref: []}
