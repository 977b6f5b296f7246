"""Files as designers write them: each bad one beside exactly what `passerelle sop check` says of it; the good ones stay silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import Diagnostic
from engine.sop.check import check_file
from engine.sop.load import Shelf, load_form
from engine.source import split_lines

HERE = Path(__file__).parents[1] / "definitions"
BAD = sorted(path.relative_to(HERE) for path in (HERE / "bad").glob("*.yaml"))
GOOD = sorted(path.relative_to(HERE) for folder in ("good", "sops") for path in (HERE / folder).glob("*.yaml"))


@pytest.fixture(autouse=True)
def _beside_the_definitions(monkeypatch):
    """Places carry the name that was given, so names are given relative to the folder of definitions."""
    monkeypatch.chdir(HERE)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    found, faults = Shelf.of(HERE)
    assert faults == []
    return found


def told(path: Path, shelf: Shelf) -> list[Diagnostic]:
    return load_form(path)[1] if path.name.startswith("form_") else check_file(path, shelf)[1]


def drawn(one: Diagnostic) -> str:
    lines = split_lines(Path(one.place.file).read_text(encoding="utf-8", errors="replace"))
    return one.draw(lines[one.place.line - 1]).replace(f"{HERE}/", "") + "\n\n"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_told_all_its_faults(path, shelf):
    """Place, caret, code, words and hint are what stands in the `.out` file beside it, to the letter.

    What is read from the shelf carries a whole path, which is cut to the folder of definitions.
    """
    said = "".join(drawn(one) for one in told(path, shelf))

    assert said == path.with_suffix(".out").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_is_told_nothing(path, shelf):
    """Neither an error nor a warning."""
    loaded, found = check_file(path, shelf)

    assert loaded is not None
    assert found == []


def test_the_small_complete_file_of_the_reference_passes(shelf, tmp_path):
    """Whoever begins with it has a sound procedure; its titles cut at a comma are read as meant, with a warning."""
    page = (HERE.parents[1] / "docs" / "reference" / "sop-language.md").read_text(encoding="utf-8")
    file = tmp_path / "short-return.yaml"
    file.write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")

    loaded, found = check_file(file, shelf)

    assert loaded is not None
    assert {one.code for one in found} <= {"SOP108"}


def test_every_expectation_belongs_to_a_file():
    """No `.out` is left behind when its file goes."""
    assert sorted((HERE / "bad").glob("*.out")) == [(HERE / path).with_suffix(".out") for path in BAD]
