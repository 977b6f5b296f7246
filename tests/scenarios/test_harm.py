"""A path to harm, kept as a story: it shows the harm on the broken procedure, and passes once the path is barred."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from engine.analysis.model_check import Budget, Prover, Verdict
from engine.application.procedures import check, proved
from engine.application.scenarios.harm import as_story, file_name
from engine.application.scenarios.trial import InForce
from engine.settings import DEFINITIONS
from engine.sop.canonical import canonical
from engine.sop.check import check_file
from engine.sop.compile import compile_sop
from passerelle.scenarios import Result, Trial, house_for, in_force, read_story, tried
from tests.analysis.test_shipped_safeguards import GUARDED, RAW, SHELF, changed, rests_on, without

SMALL = Path(__file__).parents[1] / "definitions"
CONSENT = "          - {form: informed_consent.return, where: {decision: consents}}\n          - {form: risk"
ARRIVE = "arrive: {to: closed_returned, by: [receiving_worker]}"
DECLINE = "      decline: {to: closed_declined, by: [case_manager]}\n"
LAPSE = '      lapse: {to: closed_declined, by: [system], automatic: {after: "30 days"}REQUIRES}\n'
LAPSE_GUARD = "  - {id: no-lapse, before: lapse, require: [{form: informed_consent.return}]}\n"

SMALL_HARMS = {
    # safeguard: (sound text, broken text, what is changed in the small file first, where the harm lies)
    "consent-before-departure": (CONSENT, "          - {form: risk", ("", ""), "in_the_last_event"),
    "risk-before-departure": (
        "where: {decision: [favourable, conditional]}, not_older_than", "not_older_than", ("", ""), "in_the_last_event",
    ),
    "withdraw-any-time": ("while: {phases: [decision, assessment]}", "while: {phases: [decision]}", ("", ""), "where_it_ends"),
    "every-departure-is-followed": (
        ARRIVE, ARRIVE.replace("]}", "], requires: [{none_of: [{step_done: counselling}]}]}"), ("", ""), "where_it_ends",
    ),
    "no-lapse": (
        LAPSE.replace("REQUIRES", ", requires: [{form: informed_consent.return}]"), LAPSE.replace("REQUIRES", ""),
        (DECLINE, DECLINE + LAPSE.replace("REQUIRES", ", requires: [{form: informed_consent.return}]")), "in_the_last_event",
    ),
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "definitions"
    for part in ("forms", "documents", "safeguards"):
        shutil.copytree(SMALL / part, folder / part)
    (folder / "sops").mkdir()
    return Path(shutil.copy(SMALL / "sops" / "short-return.yaml", folder / "sops" / "short-return.yaml"))


def only(paths: list[Path]) -> Result:
    (result,) = tried(paths).results
    return result


@pytest.mark.parametrize("name", SMALL_HARMS)
def test_each_kind_of_harm_is_kept_and_told(name, small, tmp_path):
    """A move, a timed move, a right that is not there and a dead end: shown on the broken file, gone on the mended."""
    sound, broken, (before, after), lies = SMALL_HARMS[name]
    mended = small.read_text(encoding="utf-8").replace(before, after) + (LAPSE_GUARD if "lapse" in after else "")
    small.write_text(mended.replace(sound, broken), encoding="utf-8")
    (checked,) = check(small)
    proof = next(one for one in proved(checked).proofs if one.safeguard.id == name)
    assert checked.file is not None
    sop = compile_sop(checked.file.sop, checked.file.shelf.forms, "")
    story = tmp_path / "stories" / file_name(proof, sop)
    story.parent.mkdir()
    story.write_text(as_story(proof, sop, small, story.parent), encoding="utf-8")

    shown = only([story])
    small.write_text(mended, encoding="utf-8")
    barred = only([story])

    assert mended.count(sound) == 1
    assert f"lies: {lies}" in story.read_text(encoding="utf-8")
    assert [one.code for one in shown.found] == ["SCN202"]
    assert name in shown.found[0].message
    assert [one.message for one in barred.found] == []
    assert ("barred at" in barred.note) == (lies == "in_the_last_event")


LOADED, _ = check_file(DEFINITIONS / "sops" / "adult-return.yaml", SHELF)
assert LOADED is not None
SHIPPED = in_force(LOADED)


@pytest.mark.parametrize("name", GUARDED["adult-return"])
def test_what_breaks_the_adult_procedure_is_kept_and_barred(name, tmp_path):
    """Without any requirement on what a safeguard speaks of the path saved runs on the engine; as shipped it is barred."""
    safeguard = GUARDED["adult-return"][name]
    sop = changed(without(RAW["adult-return"], rests_on(safeguard)))
    proof = Prover(sop, Budget(seconds=120, seconds_for_shortest=0)).decide(safeguard)
    file = tmp_path / file_name(proof, sop)
    file.write_text(as_story(proof, sop, DEFINITIONS / "sops" / "adult-return.yaml", tmp_path), encoding="utf-8")
    story = read_story(file)
    trial = Trial(house_for, DEFINITIONS)
    variant = InForce(replace(LOADED, sop=sop.sop), canonical(sop.sop, sop.forms), sop)

    shown = trial.play(story, variant)
    barred = trial.play(story, SHIPPED)

    assert proof.verdict is Verdict.BROKEN
    assert [(one.code, one.message) for one in shown.found if one.code != "SCN202"] == []
    assert shown.found
    assert shown.played == len(story.events)
    assert [one.message for one in barred.found] == []
    assert barred.note
