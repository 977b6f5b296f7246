"""A variant to start from is sound as it stands, and so is each thing that its comments offer."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from engine.application.editing import begin_variant
from engine.application.procedures import NotSound, check
from engine.errors import UnknownName, WrongUse
from engine.settings import DEFINITIONS
from engine.sop.formatting import formatted
from engine.sop.load import SopFile
from engine.sop.model import Safeguard

HERE = Path(__file__).parents[1] / "definitions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    return tmp_path


def begun(folder: Path, destination: tuple[str, ...] = ("FR",), origin: tuple[str, ...] = ("AL",)) -> Path:
    output = folder / "sops" / "fr-al.yaml"
    begin_variant("short-return-fr-al", "short-return", folder, destination, origin, output)
    return output


def sound(path: Path) -> SopFile:
    (checked,) = check(path)
    assert checked.found == [], checked.drawn()
    assert checked.file is not None
    return checked.file


def test_a_new_variant_is_sound_and_laid_out(folder):
    """Its base's steps and safeguards, its own id, countries and title."""
    path = begun(folder)

    sop = sound(path).sop
    text = path.read_text(encoding="utf-8")
    assert (sop.sop, sop.destination, sop.origin) == ("short-return-fr-al", ("FR",), ("AL",))
    assert sop.title["en"] == "Safe return of an adult (short) (France → Albania)"
    assert sop.title["fr"] == "Retour d'un adulte (court) (France → Albanie)"
    assert len(sop.safeguards) == 5
    assert formatted(text, "x")[0] == text
    assert str(folder) not in text


@pytest.mark.parametrize("key", ["roles", "steps", "safeguards", "destination", "origin"])
def test_what_the_comments_offer_can_be_taken_up(folder, key):
    """With the marks of the comment taken away, the variant is as sound as before."""
    path = begun(folder, (), ())
    text = path.read_text(encoding="utf-8")
    block = re.search(rf"^# {key}:.*\n(?:#   .*\n)*", text, re.MULTILINE)
    assert block is not None

    path.write_text(text + re.sub("^# ", "", block[0], flags=re.MULTILINE), encoding="utf-8")

    assert sound(path).sop.sop == "short-return-fr-al"


def test_a_country_that_the_base_does_not_name_is_said(folder):
    """It can be repeated elsewhere, but somebody has to see that the rules fit."""
    text = begun(folder, ("SE",), ("AL",)).read_text(encoding="utf-8")

    assert "destination: [SE]   # SE: not among the countries of short-return" in text


def test_the_shipped_procedure_has_sound_variants(tmp_path):
    """Every corridor can begin from it."""
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    output = tmp_path / "definitions" / "sops" / "adult-return-elsewhere.yaml"

    begin_variant("adult-return-elsewhere", "adult-return", tmp_path / "definitions", ["PL"], ["UA"], output)

    file = sound(output)
    base = sound(tmp_path / "definitions" / "sops" / "adult-return.yaml")
    assert file.sop.steps == base.sop.steps
    assert [one.id for one in file.sop.safeguards if isinstance(one, Safeguard)] == [
        one.id for one in base.sop.safeguards if isinstance(one, Safeguard)
    ]


@pytest.mark.parametrize(
    ("id", "base", "countries", "error"),
    [
        ("Short Return", "short-return", ["FR"], WrongUse),
        ("short-return", "short-return", ["FR"], WrongUse),
        ("new-one", "short-retur", ["FR"], UnknownName),
        ("new-one", "short-return", ["XX"], WrongUse),
        ("new-one", "faulty", ["FR"], NotSound),
    ],
)
def test_wrong_words_are_told_and_nothing_is_written(folder, id, base, countries, error):
    """An id that is none or taken, an unknown base, no country, a base with faults."""
    (folder / "sops" / "faulty.yaml").write_text(
        "sop: faulty\nextends: short-return\nstart: nowhere\n", encoding="utf-8"
    )
    output = folder / "sops" / "new-one.yaml"

    with pytest.raises(error):
        begin_variant(id, base, folder, countries, [], output)

    assert not output.exists()


def test_a_variant_stands_where_its_base_is_found(folder, tmp_path_factory):
    """Elsewhere it would extend nothing."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "fr-al.yaml"

    with pytest.raises(WrongUse, match="could not extend"):
        begin_variant("fr-al", "short-return", folder, [], [], elsewhere)

    assert not elsewhere.exists()


def test_a_file_that_is_there_is_never_written_over(folder):
    """Somebody's work may be in it."""
    path = begun(folder)
    path.write_text("mine")

    with pytest.raises(WrongUse, match="there already"):
        begin_variant("another", "short-return", folder, [], [], path)

    assert path.read_text() == "mine"
