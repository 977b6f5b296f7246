"""Shared safeguards: what their files may say, and what becomes of them in a procedure that takes them up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.diagnostics import Diagnostic
from engine.sop.load import SopFile, load_sop
from engine.sop.model import Safeguard
from engine.sop.shelf import Shelf
from engine.values import Evidence

HERE = Path(__file__).parents[1] / "definitions"

WITHDRAWAL = """\
id: withdrawal
title: {en: Consent can be withdrawn, fr: Le consentement peut être retiré}
evidence: [found, known]
basis: {strength: law, source: eu-directive-2011-36}
undecidable: {en: Whether anybody says no by a look., fr: Si quelqu’un dit non du regard.}
safeguards:
  - {id: withdrawal-any-time, in: $before_departure, available: $withdraw}
  - id: withdrawal-counts
    title: {en: A withdrawal counts, fr: Un retrait compte}
    basis: {strength: assumption, note: Ours.}
    before: $departure
    require: [$still_there, {at: assessment}]
"""

BOUND = "before_departure: {phases: [decision, assessment]}, withdraw: withdraw_consent"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder of definitions with one small procedure, its forms, and two files of shared safeguards."""
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    (tmp_path / "safeguards" / "withdrawal.yaml").write_text(WITHDRAWAL, encoding="utf-8")
    return tmp_path


def taking_up(folder: Path, text: str, file: str = "variant") -> tuple[SopFile | None, list[Diagnostic]]:
    """Load a variant of the small procedure that says this."""
    path = folder / "sops" / f"{file}.yaml"
    path.write_text(f"sop: {file}\nextends: short-return\n{text}\n", encoding="utf-8")
    return load_sop(path, Shelf.of(folder)[0])


def safeguards(folder: Path, text: str) -> dict[str, Safeguard]:
    loaded, found = taking_up(folder, text)
    assert found == []
    assert loaded is not None
    return {one.id: one for one in loaded.sop.safeguards if isinstance(one, Safeguard)}


def test_a_file_brings_all_its_safeguards(folder):
    """A mapping, a name, and in a list each entry of the list that a placeholder stands for."""
    asked = "still_there: [{form: informed_consent.return}, {strands: done}]"
    known = safeguards(folder, f"safeguards: [{{use: withdrawal, where: {{{BOUND}, departure: depart, {asked}}}}}]")

    assert known["withdrawal-any-time"].available == "withdraw_consent"
    assert known["withdrawal-any-time"].in_.phases == ("decision", "assessment")  # type: ignore[union-attr]
    assert known["withdrawal-counts"].before == ("depart",)
    assert [one.model_fields_set.copy().pop() for one in known["withdrawal-counts"].require] == [
        "form",
        "strands",
        "at",
    ]


def test_title_and_basis_of_the_file_hold_for_what_names_none(folder):
    """One wording and one source for the right; what says its own keeps it."""
    asked = "departure: depart, still_there: {strands: done}"
    known = safeguards(folder, f"safeguards: [{{use: withdrawal, where: {{{BOUND}, {asked}}}}}]")

    assert known["withdrawal-any-time"].title == {
        "en": "Consent can be withdrawn",
        "fr": "Le consentement peut être retiré",
    }
    assert known["withdrawal-any-time"].basis[0].source == "eu-directive-2011-36"
    assert known["withdrawal-counts"].basis[0].note == "Ours."


def test_only_some_of_them_need_only_their_placeholders(folder):
    """What is not taken up need not be bound, and is not there."""
    known = safeguards(folder, f"safeguards: [{{use: withdrawal, only: [withdrawal-any-time], where: {{{BOUND}}}}}]")

    assert "withdrawal-any-time" in known
    assert "withdrawal-counts" not in known


def test_one_is_taken_up_twice_under_two_ids(folder):
    """`as` tells them apart."""
    one = "use: withdrawal, only: [withdrawal-any-time]"
    known = safeguards(folder, (
        f"safeguards:\n- {{{one}, where: {{{BOUND}}}}}\n"
        f"- {{{one}, as: early, where: {{before_departure: {{phases: [decision]}}, withdraw: withdraw_consent}}}}\n"
    ))  # fmt: skip

    assert known["withdrawal-any-time-early"].in_.phases == ("decision",)  # type: ignore[union-attr]
    assert known["withdrawal-any-time"].in_.phases == ("decision", "assessment")  # type: ignore[union-attr]


def test_bindings_hold_for_every_use_and_where_comes_first(folder):
    """What is the same for all is said once."""
    known = safeguards(folder, (
        "bindings: {before_departure: {phases: [decision]}, withdraw: withdraw_consent}\nsafeguards:\n"
        "- {use: withdrawal, only: [withdrawal-any-time]}\n"
        "- {use: withdrawal, only: [withdrawal-any-time], as: later, where: {before_departure: {phases: [assessment]}}}\n"
    ))  # fmt: skip

    assert known["withdrawal-any-time"].in_.phases == ("decision",)  # type: ignore[union-attr]
    assert known["withdrawal-any-time-later"].in_.phases == ("assessment",)  # type: ignore[union-attr]


def test_a_variant_uses_the_bindings_of_its_base(folder):
    """Also for a shared safeguard that the base does not take up."""
    taking_up(
        folder, "bindings: {departure: depart, consent: informed_consent.return}\nsafeguards: [{use: consent-first}]"
    )
    path = folder / "sops" / "third.yaml"
    use = "{use: withdrawal, only: [withdrawal-counts], where: {still_there: {strands: done}}}"
    path.write_text(f"sop: third\nextends: variant\nsafeguards: [{use}]\n", encoding="utf-8")
    loaded, found = load_sop(path, Shelf.of(folder)[0])

    assert found == []
    assert loaded is not None
    assert [one.id for one in loaded.sop.safeguards if isinstance(one, Safeguard)][-2:] == [
        "consent-first",
        "withdrawal-counts",
    ]
    assert [one.shared.name for one in loaded.taken] == ["consent-first", "withdrawal"]


def test_a_binding_that_nothing_speaks_of_is_told(folder):
    """It was meant for something: perhaps its name is not as in the file."""
    _, found = taking_up(folder, (
        "bindings: {departure: depart, consent: informed_consent.return, depature: depart}\nsafeguards: [{use: consent-first}]"
    ))  # fmt: skip

    assert [(one.code, one.place.line) for one in found] == [("SOP132", 3)]
    assert 'did you mean "departure"' in found[0].hint


def test_each_missing_binding_is_named_at_the_use(folder):
    """Once for each name, where it is to be written."""
    _, found = taking_up(folder, "safeguards: [{use: withdrawal}]")

    assert [one.code for one in found] == ["SOP131"] * 4
    assert {one.place.line for one in found} == {3}
    named = [one.message.partition("$")[2].split(",")[0] for one in found]
    assert named == ["before_departure", "departure", "still_there", "withdraw"]


def test_a_safeguard_lies_at_its_use_and_its_keys_in_the_shared_file(folder):
    """So a finding can show both."""
    loaded, _ = taking_up(
        folder, f"safeguards:\n- {{use: withdrawal, only: [withdrawal-any-time], where: {{{BOUND}}}}}"
    )

    assert loaded is not None
    use, stated = loaded.place_of(len(loaded.sop.safeguards) - 1)
    assert (Path(use.file).name, use.line) == ("variant.yaml", 4)
    assert (Path(stated.file).name, stated.line) == ("withdrawal.yaml", 7)


def test_the_same_one_taken_up_twice_is_told_at_its_use(folder):
    """The shared file is not what is to be mended."""
    one = "{use: consent-first, where: {departure: depart, consent: informed_consent.return}}"
    _, found = taking_up(folder, f"safeguards:\n- {one}\n- {one}")

    assert [(one.code, Path(one.place.file).name, one.place.line) for one in found] == [("SOP110", "variant.yaml", 5)]
    assert "`as: …`" in found[0].hint


def test_a_used_safeguard_can_only_be_made_stricter(folder):
    """By its id, like any other."""
    taking_up(
        folder, "bindings: {departure: depart, consent: informed_consent.return}\nsafeguards: [{use: consent-first}]"
    )
    for asked, codes in (("[consents, refuses]", ["SOP122"]), ("consents", [])):
        path = folder / "sops" / "third.yaml"
        own = f"{{id: consent-first, require: [{{form: informed_consent.return, where: {{decision: {asked}}}}}]}}"
        path.write_text(f"sop: third\nextends: variant\nsafeguards: [{own}]\n", encoding="utf-8")

        assert [one.code for one in load_sop(path, Shelf.of(folder)[0])[1]] == codes


def test_a_used_safeguard_taken_up_anew_is_measured_too(folder):
    """Other bindings would be another X."""
    taking_up(
        folder, "bindings: {departure: depart, consent: informed_consent.return}\nsafeguards: [{use: consent-first}]"
    )
    path = folder / "sops" / "third.yaml"
    path.write_text(
        "sop: third\nextends: variant\nsafeguards: [{use: consent-first, where: {departure: arrive}}]\n",
        encoding="utf-8",
    )

    assert [one.code for one in load_sop(path, Shelf.of(folder)[0])[1]] == ["SOP122"]


# ── The file itself ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_says_how_its_right_is_known(folder):
    """One word or a list of words; the old form needs none."""
    shelf, found = Shelf.of(folder)

    assert found == []
    assert shelf.safeguards["withdrawal"].right.evidence == (Evidence.FOUND, Evidence.KNOWN)
    assert shelf.safeguards["withdrawal"].right.undecidable[0]["en"].startswith("Whether")
    assert shelf.safeguards["consent-first"].right.evidence == ()


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("evidence: [found, known]", "evidence: hearsay", "SOP103", 3),
        ("evidence:", "evidnce:", "SOP101", 3),
        ("id: withdrawal\n", "id: withdrawl\n", "SOP135", 1),
        ("id: withdrawal-counts", "id: withdrawal-any-time", "SOP110", 8),
        ("  - id: withdrawal-counts\n    title:", "  - title:", "SOP102", 8),
        (", fr: Si quelqu’un dit non du regard.", "", "SOP306", 5),
        ("undecidable:", "enforced_by: [{rule: good_will}]\nundecidable:", "SOP103", 5),
    ],
)
def test_a_fault_of_the_file_is_told_there(folder, old, new, code, line):
    """Also where no procedure takes it up."""
    assert old in WITHDRAWAL
    path = folder / "safeguards" / "withdrawal.yaml"
    path.write_text(WITHDRAWAL.replace(old, new), encoding="utf-8")
    _, found = Shelf.of(folder)

    assert [(one.code, one.place.file, one.place.line) for one in found] == [(code, str(path), line)]


def test_a_fault_in_what_is_asked_is_told_where_it_is_taken_up(folder):
    """There it is known what the placeholders stand for; the place is the shared file's line."""
    path = folder / "safeguards" / "withdrawal.yaml"
    path.write_text(WITHDRAWAL.replace("available:", "avaliable:"), encoding="utf-8")
    _, found = taking_up(folder, f"safeguards: [{{use: withdrawal, only: [withdrawal-any-time], where: {{{BOUND}}}}}]")

    assert [(one.code, one.place.file, one.place.line) for one in found] == [("SOP101", str(path), 7)]
