"""Every check on its own examples: the bad one is told this code and no other error, the good one nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import Severity
from engine.forms.model import Form
from engine.settings import DEFINITIONS
from engine.sop.check import check_file
from engine.sop.checks import CHECKS
from engine.sop.checks.__main__ import reference
from engine.sop.checks.base import DOCUMENTS, FORMS, procedure
from engine.sop.load import Shelf
from engine.source import read

SHELF = Shelf(
    {name: Form.model_validate(source.value) for name, text in FORMS.items() if (source := read(text, name)[0])},
    DOCUMENTS, {}, {},
)  # fmt: skip


def told(fragment: str, folder: Path) -> list[tuple[str, Severity]]:
    file = folder / "example.yaml"
    file.write_text(procedure(fragment), encoding="utf-8")
    loaded, found = check_file(file, SHELF)
    assert loaded is not None, [one.message for one in found]
    return [(one.code, one.severity) for one in found]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_the_bad_example_is_told_this_and_no_other_error(check, tmp_path):
    """Exactly one cause, so that a reader sees what the code means."""
    found = told(check.bad, tmp_path)

    assert check.code in {code for code, _ in found}
    assert {code for code, severity in found if severity is Severity.ERROR} <= {check.code}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)
def test_the_good_example_is_silent(check, tmp_path):
    """Nothing of this code, and no error of any other."""
    found = told(check.good, tmp_path)

    assert [one for one in found if one[0] == check.code or one[1] is Severity.ERROR] == []


def test_a_timed_action_belongs_to_a_step(tmp_path):
    """Open everywhere it would have no step from which to count, and never come round."""
    check = next(one for one in CHECKS if one.code == "SOP309")
    everywhere = "everywhere:\n  lapse: {to: closed, by: [system], automatic: {after: 9 days}}\n"

    assert ("SOP309", Severity.ERROR) in told(check.good + everywhere, tmp_path)


def test_each_code_belongs_to_one_check():
    """A code found in the documentation leads to one reason."""
    codes = [check.code for check in CHECKS]

    assert len(codes) == len(set(codes))


def test_the_shipped_procedures_have_no_error():
    """`passerelle sop check sop_definitions` finds nothing to mend."""
    shelf, found = Shelf.of(DEFINITIONS)
    for path in shelf.sops.values():
        found += check_file(path, shelf)[1]

    assert [one for one in found if one.severity is Severity.ERROR] == []


def test_the_page_of_checks_is_current():
    """docs/reference/checks.md is what the checks say of themselves."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "checks.md"

    assert page.read_text(encoding="utf-8") == reference()
