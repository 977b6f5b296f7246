"""Another name for a step, an action, a form, a role or a fact: everywhere it is used, or nowhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from engine.application.procedures import NotSound, check
from engine.application.renaming import CantBeRenamed, plan_renaming
from engine.errors import UnknownName, WrongUse
from engine.sop.renaming import Renamed

HERE = Path(__file__).parents[1] / "definitions"
SCENARIO = """\
# A story: counselling is a word of this comment, and stays.
scenario: short
sop: SOP
actors: [desks]
launch: {at: "2026-03-02T09:00:00+01:00", as: fr-desk, facts: {advised: yes}, actors: {case_manager: fr-desk}}
events:
  - {at: "2026-03-02T10:00:00+01:00", ack: counselling, as: fr-desk}
  - at: "2026-03-02T11:00:00+01:00"
    record: informed_consent.return
    as: fr-desk
    with: {signed_by: [case_manager], decision: consents, for: {role: receiving_worker, purpose: referral}}
  - {at: "2026-03-03T09:00:00+01:00", act: request_return, step: counselling, as: fr-desk}
  - {at: "2026-03-03T10:00:00+01:00", assign: {case_manager: other-desk}, as: fr-desk}
  - {expect: {steps: [counselling], told: [{kind: your_turn, role: case_manager}]}}
"""
DESKS = """\
actors:
  - {id: fr-desk, name: Desk, country: FR, roles: [case_manager, return_operator], language: fr, level: silent, channels: []}
"""
FACTED = """\
sop: facted
extends: short-return
facts:
  advised: {type: boolean, title: {en: Advised, fr: Conseil}, default: false}
  sure: {type: boolean, title: {en: Sure, fr: "Sûr"}, default: false, implied_by: {advised: true}}
steps:
  counselling:
    actions:
      request_return:
        sets: {advised: true}
      decline: {requires: [{fact: {advised: true}}]}
everywhere:
  withdraw_consent: {while: {fact: {sure: true}}}
safeguards:
  - {id: advised-first, if: {fact: {advised: true}}, always: [{fact: {sure: true}}]}
  - {id: follow, after: {enter: departed}, eventually: {enter: closed_returned}}
"""
UNFACTED = """\
sop: unfacted
extends: facted
facts:
  sure: {implied_by: {advised: {remove: true}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small procedure, variants of it, a story and a desk."""
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    for name, text in (("facted", FACTED), ("unfacted", UNFACTED)):
        (tmp_path / "sops" / f"{name}.yaml").write_text(text, encoding="utf-8")
    shutil.copy(HERE / "good" / "variant.yaml", tmp_path / "sops")
    for name, text in (
        ("scenarios/story.yaml", SCENARIO.replace("SOP", "facted")),
        ("scenarios/another.yaml", SCENARIO.replace("SOP", "something-else")),
        ("actors/desks.yaml", DESKS),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def content(folder: Path) -> dict[str, str]:
    return {str(one.relative_to(folder)): one.read_text(encoding="utf-8") for one in folder.rglob("*.yaml")}


def words(text: str) -> list[str]:
    return [one.value for one in yaml.parse(text, yaml.BaseLoader) if isinstance(one, yaml.ScalarEvent)]


BASE, FACTED_FILE = "sops/short-return.yaml", "sops/facted.yaml"


@pytest.mark.parametrize(
    ("file", "kind", "old"),
    [
        (BASE, Renamed.STEP, "counselling"),
        (BASE, Renamed.STEP, "closed_returned"),
        (BASE, Renamed.STEP, "destination_part"),
        (BASE, Renamed.ACTION, "request_return"),
        (BASE, Renamed.ACTION, "withdraw_consent"),
        (BASE, Renamed.ACTION, "refuse"),
        (BASE, Renamed.ACTION, "decline"),
        (BASE, Renamed.FORM, "informed_consent"),
        (BASE, Renamed.FORM, "risk_matrix"),
        (BASE, Renamed.ROLE, "case_manager"),
        (BASE, Renamed.ROLE, "receiving_worker"),
        (FACTED_FILE, Renamed.FACT, "advised"),
        (FACTED_FILE, Renamed.FACT, "sure"),
    ],
)
def test_a_name_is_changed_everywhere_and_back(folder, file, kind, old):
    """No word is left that names it, every procedure stays sound, and renaming back gives each file to the letter."""
    before = content(folder)

    plan_renaming(folder / file, kind, old, "renamed_thing").apply()

    after = content(folder)
    assert after != before
    assert {one: len(text.split("\n")) for one, text in after.items()} == {
        one: len(text.split("\n")) for one, text in before.items()
    }
    ours = [text for name, text in after.items() if name != "scenarios/another.yaml" or kind is Renamed.FORM]
    left = {word for text in ours for word in words(text) if word.partition(".")[0] == old}
    assert left == set()
    assert all(one.is_sound for one in check(folder))
    plan_renaming(folder / file, kind, "renamed_thing", old).apply()
    assert content(folder) == before


def test_what_a_variant_takes_out_is_renamed_there_too(folder):
    """Else the variant would take out what does not exist."""
    plan_renaming(folder / BASE, Renamed.ACTION, "refuse", "say_no").apply()

    assert "say_no: {remove: true}" in (folder / "sops" / "variant.yaml").read_text(encoding="utf-8")


def test_scenarios_of_other_procedures_and_comments_stay(folder):
    """The same word means something else there."""
    before = content(folder)

    plan_renaming(folder / BASE, Renamed.STEP, "counselling", "first_talk").apply()

    after = content(folder)
    assert after["scenarios/another.yaml"] == before["scenarios/another.yaml"]
    assert "ack: first_talk" in after["scenarios/story.yaml"]
    assert "# A story: counselling is a word of this comment" in after["scenarios/story.yaml"]


def test_a_desk_that_serves_another_procedure_stays_and_is_told(folder):
    """Its role is the other procedure's as well."""
    other = (folder / BASE).read_text(encoding="utf-8").replace("sop: short-return", "sop: other")
    (folder / "sops" / "other.yaml").write_text(other, encoding="utf-8")

    plan = plan_renaming(folder / BASE, Renamed.ROLE, "case_manager", "referent")

    assert not any("actors" in one.place.file for one in plan.places)
    assert [("1 desk" in note, "other" in note) for note in plan.notes] == [(True, True)]


def test_a_file_beside_that_cannot_be_read_is_told(folder):
    """Whether it names the step, nobody can say."""
    (folder / "scenarios" / "broken.yaml").write_text("events: [\n", encoding="utf-8")

    plan = plan_renaming(folder / BASE, Renamed.STEP, "counselling", "talk")

    assert [note.endswith("broken.yaml can't be read and stays as it is") for note in plan.notes] == [True]


def test_a_form_is_renamed_in_safeguards_that_nobody_takes_up(folder):
    """They are shared by all procedures, as forms are."""
    unused = folder / "safeguards" / "unused.yaml"
    unused.write_text(
        "id: unused\nbefore: $departure\nrequire: [{form: risk_matrix.joint, same_as: risk_matrix.joint.decision}]\n"
    )

    plan_renaming(folder / BASE, Renamed.FORM, "risk_matrix", "risks").apply()

    assert "{form: risks.joint, same_as: risks.joint.decision}" in unused.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "kind", "old", "new", "said"),
    [
        (BASE, Renamed.STEP, "counselling", "assessment", "already"),
        (BASE, Renamed.STEP, "counselling", "depart", "already"),
        (BASE, Renamed.STEP, "counselling", "stay", "something else"),
        (BASE, Renamed.ROLE, "case_manager", "origin", "something else"),
        (BASE, Renamed.ROLE, "case_manager", "any", "something else"),
        (BASE, Renamed.ROLE, "case_manager", "second_worker", "already"),
        (FACTED_FILE, Renamed.STEP, "counselling", "talk", "from short-return"),
        (FACTED_FILE, Renamed.FACT, "advised", "sure", "already"),
    ],
)
def test_a_name_that_is_taken_or_of_another_file_is_refused(folder, file, kind, old, new, said):
    """Nothing is written."""
    before = content(folder)

    with pytest.raises(CantBeRenamed) as refused:
        plan_renaming(folder / file, kind, old, new)

    assert said in refused.value.message
    assert content(folder) == before


def test_a_name_that_a_shared_safeguard_says_itself_is_refused(folder):
    """Another procedure may take the safeguard up."""
    (folder / "safeguards" / "own.yaml").write_text("id: own\nafter: {enter: departed}\neventually: {enter: $home}\n")
    with (folder / FACTED_FILE).open("a", encoding="utf-8") as file:
        file.write("  - {use: own, where: {home: closed_returned}}\n")

    with pytest.raises(CantBeRenamed, match="shared safeguard"):
        plan_renaming(folder / BASE, Renamed.STEP, "departed", "gone")

    plan_renaming(folder / BASE, Renamed.STEP, "closed_returned", "home").apply()
    assert "where: {home: home}" in (folder / FACTED_FILE).read_text(encoding="utf-8")


def test_wrong_words_and_faulty_files_are_told(folder):
    """An unknown name with the nearest one, a new name that is none, a procedure with faults."""
    with pytest.raises(UnknownName) as unknown:
        plan_renaming(folder / BASE, Renamed.STEP, "counseling", "talk")
    assert 'did you mean "counselling"' in unknown.value.details[0]
    with pytest.raises(WrongUse):
        plan_renaming(folder / BASE, Renamed.STEP, "counselling", "First Talk")
    with pytest.raises(UnknownName):
        plan_renaming(folder / "sops" / "nowhere.yaml", Renamed.STEP, "counselling", "talk")
    (folder / "sops" / "unfacted.yaml").write_text("sop: unfacted\nextends: facted\nstart: 3\n", encoding="utf-8")
    with pytest.raises(NotSound):
        plan_renaming(folder / BASE, Renamed.STEP, "counselling", "talk")


def test_a_file_that_can_not_be_written_leaves_all_as_they_were(folder):
    """Those written before it are put back."""
    before = content(folder)
    plan = plan_renaming(folder / BASE, Renamed.STEP, "counselling", "talk")
    last = list(plan.files)[-1]
    kept = last.read_bytes()
    last.unlink()
    last.mkdir()

    with pytest.raises((OSError, WrongUse)):
        plan.apply()

    last.rmdir()
    last.write_bytes(kept)
    assert content(folder) == before


def test_the_other_bytes_of_a_file_stay(folder):
    """Windows line ends, a byte order mark and quotes are kept."""
    path = folder / BASE
    text = path.read_text(encoding="utf-8").replace("start: counselling", "start: 'counselling'")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    plan_renaming(path, Renamed.STEP, "counselling", "talk").apply()

    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf#")
    assert b"start: 'talk'\r\n" in data
    assert data.count(b"\r\n") == text.count("\n")
