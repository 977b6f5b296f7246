"""Country layers: in which order they are merged, what they bring, and that they are judged like variants."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.application.editing import begin_variant
from engine.application.procedures import check
from engine.application.renaming import CantBeRenamed, plan_renaming
from engine.diagnostics import Diagnostic
from engine.errors import UnknownName, WrongUse
from engine.sop.canonical import behaviour, canonical
from engine.sop.load import SopFile, load_sop
from engine.sop.model import Safeguard
from engine.sop.renaming import Renamed
from engine.sop.shelf import Shelf

HERE = Path(__file__).parents[1] / "definitions"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small procedure and two layers that fit it."""
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    (tmp_path / "layers").mkdir()
    for name in ("fr", "al"):
        shutil.copy(HERE / "layers" / f"{name}.yaml", tmp_path / "layers")
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, name: str = "layered") -> tuple[SopFile | None, list[Diagnostic]]:
    path = write(folder / "sops" / f"{name}.yaml", f"sop: {name}\n{text}")
    return load_sop(path, Shelf.of(folder)[0])


def sound(folder: Path, text: str, name: str = "layered") -> SopFile:
    file, found = load(folder, text, name)
    assert found == []
    assert file is not None
    return file


def test_a_layer_brings_its_country_and_all_it_says(folder):
    """The side it has goes to or from its country alone; what it leaves unsaid is as in the base."""
    file = sound(folder, "extends: short-return\nlayers: [fr]\n")

    sop = file.sop
    assert (sop.destination, sop.origin) == (("FR",), ("AL", "MA", "UA"))
    assert sop.roles["return_operator"].title["en"] == "Return office"
    assert sop.roles["case_manager"].title["en"] == "Case manager"
    assert str(sop.steps["counselling"].due.within) == "5 working days"  # type: ignore[union-attr]
    assert len(sop.steps["counselling"].due.remind) == 2  # type: ignore[union-attr]
    assert sop.not_confirmed["fr_helpline"].country == "FR"
    assert file.layers == ("fr",)
    assert [one.id for one in sop.safeguards if isinstance(one, Safeguard)][-1] == "fr-joint-decision-is-fresh"


def test_later_layers_go_over_earlier_ones_and_the_file_over_all(folder):
    """A second layer of the same country, for children say, sharpens the first."""
    write(folder / "layers" / "fr-child.yaml", (
        "layer: fr-child\ncountry: FR\nside: destination\nsteps: {counselling: {due: {within: 2 working days}}}\n"
    ))  # fmt: skip

    both = sound(folder, "extends: short-return\nlayers: [fr, fr-child]\n").sop
    turned = sound(folder, "extends: short-return\nlayers: [fr-child, fr]\n").sop
    own = sound(
        folder, "extends: short-return\nlayers: [fr, al]\nsteps: {counselling: {due: {within: 1 working day}}}\n"
    ).sop

    assert [str(one.steps["counselling"].due.within) for one in (both, turned, own)] == [  # type: ignore[union-attr]
        "2 working days", "5 working days", "1 working day",
    ]  # fmt: skip
    assert (own.destination, own.origin) == (("FR",), ("AL",))


def test_layers_are_laid_on_a_procedure_that_extends_another_itself(folder):
    """A child procedure takes up the same layers as the adult one it is built on."""
    child = "extends: short-return\nsteps: {counselling: {title: {en: With a guardian, fr: Avec un tuteur}}}\n"
    sound(folder, child, "child")

    sop = sound(folder, "extends: child\nlayers: [fr, al]\n").sop

    assert sop.steps["counselling"].title["en"] == "With a guardian"
    assert sop.roles["receiving_worker"].title["en"] == "State social service"


def test_a_variant_of_a_corridor_keeps_its_layers(folder):
    """What was laid on the base is part of it."""
    sound(folder, "extends: short-return\nlayers: [fr, al]\n", "corridor")

    sop = sound(folder, "extends: corridor\n").sop

    assert (sop.destination, sop.origin) == (("FR",), ("AL",))
    assert set(sop.not_confirmed) == {"fr_helpline", "al_helpline"}


def test_a_fault_of_a_layer_is_told_at_its_line(folder):
    """In the layer's file, whichever procedure is checked; a step that nobody has is told by the nearest name."""
    path = folder / "layers" / "fr.yaml"
    write(path, path.read_text(encoding="utf-8").replace("  counselling:\n", "  counseling:\n"))

    file, found = load(folder, "extends: short-return\nlayers: [fr]\n")

    assert file is None
    assert [(one.code, one.place.file, one.place.line) for one in found] == [("SOP102", str(path), 7)]
    assert found[0].hint.startswith('did you mean "counselling"?')


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("layer: fr\ncountry: France\nside: destination\n", "SOP107"),
        ("layer: fr\ncountry: FR\nside: transit\n", "SOP103"),
        ("layer: fr\nside: destination\n", "SOP102"),
        ("layer: fr\ncountry: FR\nside: destination\nstart: counselling\n", "SOP101"),
        ("layer: fr\ncountry: FR\nside: destination\nsteps: [counselling]\n", "SOP103"),
        ("sop: fr\nextends: short-return\n", "SOP100"),
        ("", "YAML010"),
    ],
)
def test_a_layer_with_faults_of_its_own_is_told_once(folder, text, code):
    """Where it stands; the procedures that take it up point to it and say nothing more."""
    write(folder / "layers" / "fr.yaml", text)
    shelf, beside = Shelf.of(folder)
    file, found = load(folder, "extends: short-return\nlayers: [fr]\n")

    assert [one.code for one in beside] == [code]
    assert file is None
    assert [one.code for one in found] == ["SOP124"]
    assert set(shelf.layers) == {"al"}


def test_two_layers_of_one_id_are_told(folder):
    """Which of the two would count?"""
    shutil.copy(folder / "layers" / "fr.yaml", folder / "layers" / "france.yaml")

    _, found = Shelf.of(folder)

    assert [(one.code, Path(one.place.file).name) for one in found] == [("SOP110", "france.yaml")]


def test_a_layer_that_nobody_takes_up_is_told(folder):
    """Its parts are judged where they are merged, so nobody has looked at them; the warning stops nothing."""
    sound(folder, "extends: short-return\nlayers: [fr]\n")

    checked = check(folder)

    warned = [(one.code, Path(one.place.file).name) for each in checked for one in each.found]
    assert warned == [("SOP127", "al.yaml")]
    assert all(one.is_sound for one in checked)


def test_a_shared_safeguard_is_taken_up_by_a_layer(folder):
    """`use` works there as it does in a procedure."""
    path = folder / "layers" / "al.yaml"
    text = (
        path.read_text(encoding="utf-8")
        + "safeguards: [{use: consent-first, where: {departure: depart, consent: informed_consent.return}}]\n"
    )
    write(path, text)

    sop = sound(folder, "extends: short-return\nlayers: [al]\n").sop

    assert "$" not in canonical(sop, Shelf.of(folder)[0].forms)
    assert len(sop.safeguards) == 6


def test_words_and_countries_are_no_behaviour(folder):
    """Two corridors that differ in what people read are explored once; what asks for more is another behaviour."""
    forms = Shelf.of(folder)[0].forms
    base = sound(folder, "extends: short-return\n", "plain").sop
    words = sound(folder, "extends: short-return\nlayers: [al]\n").sop
    more = sound(folder, "extends: short-return\nlayers: [fr]\n").sop
    waits = "{requires: [{waited: {since: counselling, at_least: 1 day}}]}"
    asks = sound(folder, f"extends: short-return\nsteps: {{counselling: {{actions: {{decline: {waits}}}}}}}\n").sop

    assert canonical(base, forms) != canonical(words, forms)
    assert behaviour(base, forms) == behaviour(words, forms)
    assert len({behaviour(one, forms) for one in (base, more, asks)}) == 3


# ── Begun, renamed ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_variant_takes_up_layers(folder):
    """Its countries and its title come from them; it is sound as it stands."""
    output = folder / "sops" / "fr-al.yaml"

    text = begin_variant("fr-al", "short-return", folder, [], [], output, ["fr", "al"])

    (checked,) = check(output)
    assert checked.found == [], checked.drawn()
    assert checked.file is not None
    assert "layers: [fr, al]\n" in text
    assert "destination:" not in text.replace("#   destination:", "")
    assert checked.file.sop.title["en"].endswith("(France → Albania)")


@pytest.mark.parametrize(
    ("layers", "destination", "error"), [(["rf"], [], UnknownName), (["fr"], ["GR"], WrongUse), (["fr"], ["FR"], None)]
)
def test_a_new_variant_goes_where_its_layers_go(folder, layers, destination, error):
    """A layer that is not there, and a country that is not the layer's; naming the layer's own is no fault."""
    if error is None:
        assert "layers: [fr]" in begin_variant("new", "short-return", folder, destination, [], None, layers)
    else:
        with pytest.raises(error):
            begin_variant("new", "short-return", folder, destination, [], None, layers)


def test_a_name_is_changed_in_the_layers_too(folder):
    """Where they say a step anew, and where they name it."""
    sound(folder, "extends: short-return\nlayers: [fr, al]\n")

    plan = plan_renaming(folder / "sops" / "short-return.yaml", Renamed.STEP, "counselling", "advice")
    plan.apply()

    layer = (folder / "layers" / "fr.yaml").read_text(encoding="utf-8")
    assert "counselling" not in layer
    assert "  advice:\n" in layer
    assert "at: [advice]" in layer
    assert all(one.is_sound for one in check(folder))


def test_a_name_in_a_layer_of_two_families_of_procedures_stays(folder):
    """Renamed for one of them, the layer would not fit the other."""
    sound(folder, "extends: short-return\nlayers: [fr, al]\n")
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    write(folder / "sops" / "other.yaml", text.replace("sop: short-return", "sop: other"))
    sound(folder, "extends: other\nlayers: [fr]\n", "other-fr")

    with pytest.raises(CantBeRenamed, match="other-fr"):
        plan_renaming(folder / "sops" / "short-return.yaml", Renamed.STEP, "counselling", "advice")
