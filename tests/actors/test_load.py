"""A file of desks: all of it, or all its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.actors.load import CODES, check_actors, load_actors
from engine.errors import WrongUse
from engine.settings import DEFINITIONS

GOOD = "{id: fr-one, name: One, country: FR, roles: [case_manager]}"

BAD = """\
extra: 1
actors:
  - id: Fr-One
    name: One
    country: fra
    langage: fr
    roles: [case_manager]
    channels: [{kind: mail, address: nowhere}, {kind: chat, adress: "json://host"}, mail]
    enabled: yes
  - just a word
  - {id: two, name: Two, country: "NO", roles: [a]}
  - {id: two, name: Two, country: AL, roles: [a]}
"""


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "desks.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


@pytest.mark.parametrize("file", sorted((DEFINITIONS / "actors").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_desks_load_and_are_samples(file):
    """Nobody who tries the product out can take a shipped desk for a real one, or reach anybody by it."""
    actors = load_actors(file)

    assert actors
    assert all(actor.sample and actor.name.startswith("SAMPLE") for actor in actors)
    assert all(way.address.endswith("@example.org") for actor in actors for way in actor.channels)


def test_names_all_faults_of_a_file_in_one_run(tmp_path):
    """Each fault has a code, and stands at the line and column of what is wrong."""
    found = check_actors(written(tmp_path, BAD))

    assert [(one.code, one.place.line, one.place.column) for one in found] == [
        ("ACT101", 1, 1), ("ACT103", 3, 9), ("ACT103", 5, 14), ("ACT101", 6, 5), ("ACT103", 8, 16), ("ACT102", 8, 48),
        ("ACT101", 8, 61), ("ACT103", 8, 85), ("ACT103", 9, 14), ("ACT103", 10, 5), ("ACT104", 12, 10),
    ]  # fmt: skip
    assert {one.code for one in found} <= set(CODES)


def test_hints_at_the_nearest_key(tmp_path):
    """A mistyped key is answered with the one that was meant."""
    found = check_actors(written(tmp_path, BAD))

    assert 'did you mean "language"?' in next(one.hint for one in found if "langage" in one.message)


def test_no_message_repeats_a_name_or_an_address(tmp_path):
    """What is told of a bad file can be passed on; only its drawing shows the line."""
    text = BAD.replace("One", "Canary Name").replace("nowhere", "canary-address")
    told = " ".join(one.message + one.hint for one in check_actors(written(tmp_path, text)))

    assert "anary" not in told


def test_loading_a_bad_file_refuses_and_draws_each_fault(tmp_path):
    """Whoever adds desks sees file, line, column and a caret for each fault, and nothing is added."""
    file = written(tmp_path, BAD)

    with pytest.raises(WrongUse) as refused:
        load_actors(file)

    assert len(refused.value.details) == len(check_actors(file))
    assert f"{file}:5:14:" in refused.value.details[2]
    assert "^~~" in refused.value.details[2]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "YAML010"), ("- a\n", "ACT100"), ("desks: []\n", "ACT100"), ("actors: one\n", "ACT100"), ("actors: [\n", "YAML001"),
        (b"actors: \xff\n", "YAML003"), (f"actors: [{GOOD}]\nactors: []\n", "YAML005"), ("[" * 40_000, "YAML002"),
    ],
)  # fmt: skip
def test_answers_a_file_that_is_none_with_one_fault(tmp_path, text, code):
    """Empty, unreadable and hostile files are faults like others; none of them ends the program."""
    found = check_actors(written(tmp_path, text))

    assert [one.code for one in found] == [code]


def test_answers_a_missing_file(tmp_path):
    """A file that isn't there is a wrong use, and is named."""
    with pytest.raises(WrongUse, match=r"nothing\.yaml"):
        load_actors(tmp_path / "nothing.yaml")


def test_reads_what_is_written(tmp_path):
    """Norway stays a country, and a quoted false switches a desk off."""
    text = 'actors: [{id: no-one, name: One, country: NO, roles: [a, b], level: silent, enabled: "false"}]'
    (actor,) = load_actors(written(tmp_path, text))

    assert (actor.country, actor.roles, actor.level, actor.enabled) == ("NO", ("a", "b"), "silent", False)
