"""Stories in YAML, played on the whole engine: dated events, the steps and messages expected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.application.scenarios.load import Told
from engine.application.scenarios.model import Event
from engine.application.scenarios.rehearsal import NotAsExpected
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import DEFINITIONS, Settings
from engine.values import Level, MessageState
from passerelle.scenarios import Rehearsal, read_story, stage_of

SHIPPED = DEFINITIONS / "scenarios"
HERE = Path(__file__).parent
PUBLISHED = "adult-return"
"""The procedure that stands ready in the house; another is published by the stories that go by it."""
STORIES = sorted([*SHIPPED.glob("*.yaml"), *HERE.glob("*.yaml")])


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_goes_as_it_is_told(path: Path, house: Application, clock: FixedClock):
    """Every move is accepted or refused as the story says, the case stands where it should, and its chain is whole."""
    story = read_story(path, SHIPPED)
    if story.sop != PUBLISHED:
        house.procedures.publish(DEFINITIONS / "sops" / f"{story.sop}.yaml")
    rehearsal = Rehearsal(stage_of(house), story, lambda what, moved: None)
    rehearsal.launch()

    played = list(rehearsal.play())

    assert played
    assert house.queries.verify(rehearsal.ref) == {rehearsal.ref: []}


WRONG = {
    "a message that nobody got": ([{"expect": {"heard": {"fr-lawyer": ["your_turn"]}}}], "fr-lawyer has heard"),
    "a message left out": ([{"expect": {"heard": {}}}], "fr-first-contact has heard"),
    "something withheld": ([{"expect": {"withheld": ["consulate"]}}], "withheld was what was meant for"),
    "a step": ([{"expect": {"steps": ["closed_stay"]}}], "does not stand at closed_stay"),
    "a refusal": (
        [{"at": "2026-03-02T10:00:00+01:00", "ack": "referral", "as": "fr-case-manager", "refused": "role"}],
        "",
    ),
    "a reason": (
        [
            {
                "at": "2026-03-02T10:00:00+01:00",
                "act": "accept",
                "as": "fr-case-manager",
                "refused": "requirements",
                "because": ["Fitness to travel"],
            }
        ],
        "Referral",
    ),
}


@pytest.mark.parametrize(("events", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_story_that_tells_it_otherwise_fails(
    events: list[dict[str, object]], said: str, house: Application, clock: FixedClock
):
    """What a story claims is compared with what happened: steps, refusals and their reasons, each message."""
    shipped = read_story(SHIPPED / "adult-return-fr-al.yaml")
    told = [Told(Event.model_validate(one), shipped.marks, number) for number, one in enumerate(events)]
    rehearsal = Rehearsal(stage_of(house), replace(shipped, events=told), lambda what, moved: None)
    rehearsal.launch()

    with pytest.raises(NotAsExpected) as wrong:
        list(rehearsal.play())

    assert said in "\n".join(wrong.value.details)


def test_a_consulate_reads_no_title_of_a_step_even_in_protected_mail(
    tmp_path: Path, house: Application, clock: FixedClock
):
    """It knows the identity and the wish to travel: a title such as "on hold" or "perhaps a child" says more."""
    rehearsal = Rehearsal(stage_of(house), read_story(HERE / "put-on-hold.yaml", SHIPPED), lambda what, moved: None)
    rehearsal.launch()
    for desk in (house.people.find("al-consulate"), house.people.find("al-receiving-worker")):
        house.people.add([desk.model_copy(update={"level": Level.FULL})])
    list(rehearsal.play())

    house.courier.run()

    mails = [one.read_text(encoding="utf-8") for one in (tmp_path / "mail").glob("*.eml")]
    to_consulate = [one for one in mails if "al-consulate@" in one]
    to_receiver = [one for one in mails if "al-receiving-worker@" in one]
    assert len(to_consulate) >= 3
    assert not [one for one in to_consulate if "Step:" in one]
    assert [one for one in to_receiver if "Step:" in one]


def test_the_whole_story_goes_the_same_way_on_postgresql(tmp_path: Path, clock: FixedClock, postgres_url: str):
    """All of the shipped story on the other database: closed, every message delivered, chain whole."""
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, mail_folder=tmp_path / "mail")
    house = build(settings, clock, upgrading=True)
    house.procedures.publish(DEFINITIONS / "sops" / "adult-return.yaml")
    rehearsal = Rehearsal(stage_of(house), read_story(SHIPPED / "adult-return-fr-al.yaml"), lambda what, moved: None)
    rehearsal.launch()

    played = list(rehearsal.play())
    delivered = house.courier.run()

    assert len(played) == 247
    assert house.queries.case(rehearsal.ref)["outcome"] == "closed_reintegrated"
    letters = {one.letter or one.key for one in house.store.messages(states=[MessageState.SENT])}
    assert delivered.sent > 400
    assert {mail.stem for mail in (tmp_path / "mail").glob("*.eml")} == letters
    assert house.queries.verify(rehearsal.ref) == {rehearsal.ref: []}
    house.close()
