"""The rights that all shipped procedures share: each in a file of its own, and none left out of any procedure in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.settings import DEFINITIONS
from engine.sop.checks.right_left_out import CHECK
from engine.sop.load import SopFile, load_sop
from engine.sop.mentions import Sort, mentions
from engine.sop.model import Safeguard
from engine.sop.outline import outline_of
from engine.sop.rights import reference
from engine.sop.shelf import Shelf, definitions_in
from engine.values import Evidence

SHELF, FAULTS = Shelf.of(DEFINITIONS)
PROCEDURES = definitions_in(DEFINITIONS / "sops")
ADULT = DEFINITIONS / "sops" / "adult-return.yaml"

FOUND, KNOWN, COMMON, OURS = Evidence.FOUND, Evidence.KNOWN, Evidence.COMMON_PRACTICE, Evidence.ASSUMPTION
EVIDENCE = {
    1: {KNOWN, FOUND, COMMON}, 2: {FOUND, KNOWN}, 3: {KNOWN, FOUND}, 4: {FOUND, OURS}, 5: {FOUND}, 6: {FOUND, KNOWN},
    7: {KNOWN, FOUND}, 8: {KNOWN}, 9: {KNOWN}, 10: {KNOWN}, 11: {KNOWN}, 12: {KNOWN, FOUND}, 13: {KNOWN, FOUND},
    14: {KNOWN}, 15: {KNOWN, FOUND}, 16: {KNOWN}, 17: {KNOWN}, 18: {FOUND}, 19: {FOUND}, 20: {KNOWN, FOUND}, 21: {KNOWN},
    22: {KNOWN}, 23: {OURS}, 24: {FOUND}, 25: {FOUND, OURS}, 26: {OURS, FOUND}, 27: {FOUND}, 28: {KNOWN, FOUND},
    29: {KNOWN, COMMON}, 30: {FOUND}, 31: {FOUND}, 32: {FOUND},
}  # fmt: skip
"""How each right is known, as the analysis of the field has it."""


def loaded(path: Path) -> SopFile:
    file, _ = load_sop(path, SHELF)
    assert file is not None
    return file


def test_the_shared_files_are_sound():
    """Each has its titles in every language."""
    assert FAULTS == []


def test_all_rights_are_there_with_their_evidence():
    """32 files, each named like its right."""
    known = {name: set(one.right.evidence) for name, one in SHELF.safeguards.items()}

    assert known == {f"inv-{number:02}": evidence for number, evidence in EVIDENCE.items()}


def test_the_page_of_rights_is_current():
    """docs/reference/rights.md is what the files and the rules say."""
    page = DEFINITIONS.parent / "docs" / "reference" / "rights.md"

    assert page.read_text(encoding="utf-8") == reference(SHELF.safeguards)


@pytest.mark.parametrize("name", list(SHELF.safeguards))
def test_a_right_has_a_title_a_source_and_something_to_say(name):
    """A statement that rests on nothing would be a wish."""
    one = SHELF.safeguards[name]

    assert one.right.title
    assert one.statements
    assert [id for id in one.statements if not id.startswith(f"{name}-")] == []
    assert [
        id for id, said in one.statements.items() if said.child("basis") is None or said.child("title") is None
    ] == []


def test_rights_about_disclosure_name_the_rules_that_enforce_them():
    """What an engine rule sees to is not left to a procedure."""
    bound = {name for name, one in SHELF.safeguards.items() if one.right.enforced_by}

    assert bound == {"inv-15", "inv-16", "inv-17", "inv-29"}


@pytest.mark.parametrize("path", PROCEDURES, ids=lambda path: path.stem)
def test_every_procedure_takes_up_each_right_or_says_why_not(path):
    """Each of its safeguards, by its own name or by that of its file."""
    file = loaded(path)
    taken = {name for one in file.taken for name in one.safeguards}
    declined = file.sop.not_applicable
    silent = [
        name
        for shared in SHELF.safeguards.values()
        for name in shared.statements
        if name not in taken and name not in declined and shared.name not in declined
    ]

    assert silent == []
    assert [name for name, why in declined.items() if not why.strip()] == []


def test_a_right_taken_out_of_a_procedure_is_told():
    """Whichever it is: the check names it, and only it."""
    file = loaded(ADULT)
    names = dict.fromkeys(one.shared.name for one in file.taken)
    told = {
        name: [
            one.message for one in CHECK(replace(file, taken=[one for one in file.taken if one.shared.name != name]))
        ]
        for name in names
    }

    assert len(told) == len(EVIDENCE) - 3
    assert [name for name, said in told.items() if len(said) != 1 or name not in said[0]] == []


@pytest.mark.parametrize("path", PROCEDURES, ids=lambda path: path.stem)
def test_no_safeguard_is_left_that_is_not_shared(path):
    """A right has one wording. A variant may add safeguards of its own corridor."""
    file = loaded(path)
    own = [
        one.id for number, one in enumerate(file.sop.safeguards)
        if isinstance(one, Safeguard) and one.id.startswith("inv-")
        and Path(file.marks.value(("safeguards", number, "id")).file).parent.name != "safeguards"
    ]  # fmt: skip

    assert own == []


def test_shared_files_name_forms_only():
    """Steps, actions, roles and facts are the procedure's own; they come by placeholders."""
    file = loaded(ADULT)
    for mention in mentions(outline_of(file.sop, SHELF.forms)):
        if mention.path[:1] == ("safeguards",) and mention.sort not in (Sort.FORM, Sort.DOCUMENT):
            place = file.marks.key(mention.path) if mention.key else file.marks.value(mention.path)

            assert Path(place.file).name == "adult-return.yaml", (mention.word, mention.path)
