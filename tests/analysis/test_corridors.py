"""The shipped corridors: each is sound, every safeguard is decided, and each country's period is that of its law."""

from __future__ import annotations

import shutil
from itertools import product

import pytest

from engine.analysis.model_check import Verdict
from engine.application.procedures import Checked, Proofs, check, proved
from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.check import check_file
from engine.sop.load import SopFile
from engine.sop.shelf import Shelf
from engine.values import Strength

TACT = list(product(("FR", "GR", "IT", "PL", "ES"), ("AL", "MA", "UA")))
OUTSIDE = ("CH", "NG")
NAMES = [f"adult-return-{one.lower()}-{other.lower()}" for one, other in (*TACT, OUTSIDE)]
PERIODS = {
    "FR": ("30 days", "fr-ceseda-r425", "R425-1, R425-2"),
    "GR": ("3 months", "gr-law-5038-2023", "135"),
    "PL": ("3 months", "pl-act-on-foreigners-2013", "170-172"),
    "ES": ("90 days", "es-lo-4-2000", "59 bis(2)"),
    "CH": ("30 days", "ch-ordinance-vzae-35", "35(1)"),
}
"""How long at least, by which law; for Italy no length is confirmed."""

NO_MECHANISM = {"FR", "IT", "PL", "CH"}
"""Countries of destination whose national referral mechanism no source confirms; that of Greece stands on a page without a date."""


@pytest.fixture(scope="module")
def corridors() -> dict[str, Checked]:
    proofs = Proofs()
    found = [proofs.of(one) for one in check(DEFINITIONS)]
    return {one.file.sop.sop: one for one in found if one.file is not None}


def file_of(corridors: dict[str, Checked], name: str) -> SopFile:
    file = corridors[name].file
    assert file is not None
    return file


def test_every_corridor_is_there(corridors):
    """The fifteen pairs of TACT and one outside, each of one country on each side."""
    going = {
        (one.file.sop.destination, one.file.sop.origin)
        for name, one in corridors.items()
        if name.startswith("adult-return-") and one.file is not None
    }

    assert going == {((one,), (other,)) for one, other in (*TACT, OUTSIDE)}


@pytest.mark.parametrize("name", NAMES)
def test_every_safeguard_of_a_corridor_holds(corridors, name):
    """Those of the base are all there, whatever the country adds; nothing is warned of."""
    one, base = corridors[name], corridors["adult-return"]

    assert one.found == []
    assert {proof.verdict for proof in one.proofs} == {Verdict.HOLDS}
    assert {proof.safeguard.id for proof in base.proofs} <= {proof.safeguard.id for proof in one.proofs}


@pytest.mark.parametrize("name", ["adult-return-es-ma", "adult-return-pl-ua", "adult-return-fr-ma"])
def test_what_is_explored_once_is_what_each_would_answer(corridors, name):
    """A proof taken over from another corridor is the one that this corridor gets alone."""
    alone = proved(Checked(corridors[name].path, corridors[name].file, []))

    assert [(one.safeguard, one.verdict) for one in alone.proofs] == [
        (one.safeguard, one.verdict) for one in corridors[name].proofs
    ]


def waits(sop: m.Sop) -> set[str]:
    over = sop.alongside["reflection"].steps["reflection_running"].actions["reflection_period_over"]
    return {str(one.waited.at_least) for one in over.requires if isinstance(one, m.WaitedRequirement)}


@pytest.mark.parametrize(("country", "origin"), [*TACT, OUTSIDE])
def test_the_reflection_period_is_as_long_as_the_law_gives(corridors, country, origin):
    """Days or months as the law counts them, with the law; where no length is known the corridor says so."""
    sop = file_of(corridors, f"adult-return-{country.lower()}-{origin.lower()}").sop
    over = sop.alongside["reflection"].steps["reflection_running"].actions["reflection_period_over"]

    if country not in PERIODS:
        assert waits(sop) == {"30 days"}
        assert f"{country.lower()}_reflection_period" in sop.not_confirmed
        return
    length, law, article = PERIODS[country]
    assert length in waits(sop)
    assert [(one.strength, one.source, one.article) for one in over.basis] == [(Strength.LAW, law, article)]


def test_a_country_that_shortens_the_period_is_refused(tmp_path):
    """Twenty days in a layer: the safeguard of the base is broken, whatever the country calls it."""
    shutil.copytree(DEFINITIONS, tmp_path / "definitions")
    layer = tmp_path / "definitions" / "layers" / "es.yaml"
    text = layer.read_text(encoding="utf-8")
    short = text.replace("requires: [{waited: {since: reflection_running, at_least: 90 days}}]",
                         "requires: [{waited: {since: reflection_running, at_least: 20 days}}]")  # fmt: skip
    assert short != text
    layer.write_text(short, encoding="utf-8")

    (checked,) = check(tmp_path / "definitions" / "sops" / "adult-return-es-ma.yaml")
    ready = proved(checked)

    assert [one.safeguard.id for one in ready.proofs if one.verdict is not Verdict.HOLDS] == [
        "inv-08-reflection-is-never-cut-short", "inv-08-reflection-is-never-cut-short-es",
    ]  # fmt: skip
    assert {one.verdict for one in ready.proofs} == {Verdict.HOLDS, Verdict.BROKEN}


@pytest.mark.parametrize("name", NAMES)
def test_each_country_says_what_is_not_confirmed(corridors, name):
    """Both do; a referral mechanism that is not confirmed is named as such where cases begin."""
    sop = file_of(corridors, name).sop
    (destination,), (origin,) = sop.destination, sop.origin

    assert {one.country for one in sop.not_confirmed.values()} >= {destination, origin}
    if destination in NO_MECHANISM:
        assert any(one.country == destination and "referral" in one.at for one in sop.not_confirmed.values())


def test_the_period_of_a_minor_is_longer_in_poland(corridors):
    """Four months, over the three of an adult; every right of the child procedure holds too."""
    one, base = corridors["child-return-pl-ua"], corridors["child-return"]

    assert waits(file_of(corridors, "child-return-pl-ua").sop) == {"30 days", "3 months", "4 months"}
    assert {proof.verdict for proof in one.proofs} == {Verdict.HOLDS}
    assert {proof.safeguard.id for proof in base.proofs} <= {proof.safeguard.id for proof in one.proofs}


@pytest.mark.parametrize(("destination", "origin"), [*TACT, OUTSIDE])
def test_the_layers_fit_the_child_procedure_too(tmp_path, destination, origin):
    """What is written once for a country can be laid on both procedures."""
    name = f"child-{destination.lower()}-{origin.lower()}"
    path = tmp_path / f"{name}.yaml"
    layers = f"[{destination.lower()}, {origin.lower()}]"
    path.write_text(f"sop: {name}\nextends: child-return\nlayers: {layers}\n", encoding="utf-8")

    file, found = check_file(path, Shelf.of(DEFINITIONS)[0])

    assert found == []
    assert file is not None
    assert (file.sop.destination, file.sop.origin) == ((destination,), (origin,))


def test_what_a_layer_says_of_a_body_names_its_source():
    """A note on who acts in a country is a fact, and a fact has a source."""
    shelf, found = Shelf.of(DEFINITIONS)
    unsourced = [
        (name, role)
        for name, (layer, _) in shelf.layers.items()
        for role, said in layer.roles.items()
        if "basis" not in said
    ]

    assert found == []
    assert set(shelf.layers) == {"fr", "gr", "it", "pl", "pl-child", "es", "al", "ma", "ua", "ch", "ng"}
    assert unsourced == []


def test_documents_of_other_countries_are_not_among_a_corridors(corridors):
    """Whoever works from Greece to Albania is not sent to the law of Spain."""
    sop = file_of(corridors, "adult-return-gr-al").sop
    steps = [*sop.alongside["reflection"].steps.values(), *sop.alongside["identification"].steps.values()]
    steps += sop.alongside["national_status"].steps.values()

    named = {document.partition("-")[0] for step in steps for document in step.guidance}
    assert named & {"fr", "it", "pl", "es", "ma", "ua"} == set()
    assert {"gr", "al"} <= named
