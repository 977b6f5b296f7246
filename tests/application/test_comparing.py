"""What is compared: files, and published versions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.application.comparing import compare_named
from engine.application.procedures import NotSound
from engine.bootstrap import Application
from engine.errors import UnknownName, WrongUse

HERE = Path(__file__).parents[1] / "definitions"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The small procedure in a folder of its own, published as it is."""
    for name in ("forms", "documents", "sops"):
        shutil.copytree(HERE / name, tmp_path / "definitions" / name)
    return tmp_path / "definitions" / "sops" / "short-return.yaml"


def test_a_version_is_compared_with_the_file_it_came_from(house: Application, file: Path):
    """Nothing changes until the file does; then the next version says the same as the file."""
    house.procedures.publish(file)
    assert compare_named("short-return@1", str(file), house.store.versions, "en") == []

    file.write_text(file.read_text(encoding="utf-8").replace("within: 10 working days", "within: 5 working days"))
    with_file = compare_named("short-return@1", str(file), house.store.versions, "en")
    house.procedures.publish(file)

    assert [one.text for one in with_file] == ["“Counselling on all options” is due sooner: from 10 to 5 working days."]
    assert compare_named("short-return@1", "short-return@2", house.store.versions, "en") == with_file


def test_titles_are_given_in_the_language_that_is_asked_for(house: Application, file: Path):
    """The sentence stays English; what the procedure itself says is quoted in French."""
    house.procedures.publish(file)
    file.write_text(file.read_text(encoding="utf-8").replace("within: 10 working days", "within: 5 working days"))

    (change,) = compare_named("short-return@1", str(file), house.store.versions, "fr")

    assert change.text.startswith("“Conseil sur toutes les options” is due sooner")


def test_files_alone_need_no_database(file: Path):
    """A designer compares drafts before anything is set up."""

    def no_versions() -> list[object]:
        raise AssertionError("nobody asked for a version")

    assert compare_named(str(file), str(file), no_versions, "en") == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ("short-return@7", UnknownName),
        ("shrt-return@1", UnknownName),
        ("nowhere.yaml", UnknownName),
        ("FOLDER", WrongUse),
        ("FAULTY", NotSound),
    ],
)
def test_what_can_not_be_compared_is_told(house: Application, file: Path, named: str, error: type[Exception]):
    """An unknown version or procedure, no file, a folder, a file with faults."""
    house.procedures.publish(file)
    (file.parent / "faulty.yaml").write_text("sop: faulty\n", encoding="utf-8")
    named = {"FOLDER": str(file.parent), "FAULTY": str(file.parent / "faulty.yaml")}.get(named, named)

    with pytest.raises(error):
        compare_named(str(file), named, house.store.versions, "en")
