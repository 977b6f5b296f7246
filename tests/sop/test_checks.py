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
from engine.sop.checks.base import DOCUMENTS, FORMS, SAFEGUARDS, procedure
from engine.sop.load import Shelf
from engine.sop.shared import read_shared
from engine.source import MAX_FAULTS, read

SHELF = Shelf(
    {name: Form.model_validate(source.value) for name, text in FORMS.items() if (source := read(text, name)[0])},
    DOCUMENTS,
    {name: read_shared(Path(f"{name}.yaml"), source)[0] for name, text in SAFEGUARDS.items()
     if (source := read(text, name)[0])},
    {},
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


STEPS = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent, risk, travel]
    actions:
      finish: {to: closed, by: [case_manager]%s}
      stop: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""


def asking(requirement: str) -> str:
    return STEPS % f", requires: [{requirement}]"


def number(value: str) -> str:
    return "facts:\n  days: {type: number, title: {en: Days, fr: Jours}}\n" + asking(f"{{fact: {{days: {value}}}}}")


BESIDE = """\
alongside:
  %s:
    start: quiet
%s    steps:
      quiet:
        title: {en: Quiet, fr: Calme}
        responsible: [case_manager]
%s        actions: {end_it: {to: over, by: [case_manager]}}
      over: {end: done, title: {en: Over, fr: Fini}}
"""
INSIDE = BESIDE.replace("\n", "\n    ").replace("alongside", "strands").replace("quiet", "calm").replace("over", "past")
HELD = """\
  held:
    pause: true
    title: {en: Held, fr: Suspendu}
    responsible: [case_manager]
    actions: {go_on: {to: resume, by: [case_manager]}}
"""
PERSON = """\
roles:
  person: {side: person, acts_for: [person], title: {en: The person, fr: La personne}}
  case_manager: {side: destination, title: {en: Case manager, fr: Référent}}
  receiving_worker: {side: origin, title: {en: Receiving worker, fr: Référent d'accueil}}
"""
LATER = """\
roles:
  case_manager: {side: destination, from_step: after, title: {en: Case manager, fr: Référent}}
  receiving_worker: {side: origin, title: {en: Receiving worker, fr: Référent d'accueil}}
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions: {finish: {to: after, by: [receiving_worker]}}
  after:
    title: {en: After, fr: Après}
    responsible: [case_manager]
    actions: {finish: {to: closed, by: [case_manager]}}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""
STUCK = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    actions:
      finish: {to: deciding, by: [case_manager]}
  deciding:
    title: {en: Decision, fr: Décision}
    responsible: [case_manager]
    actions:
      go: {to: closed, by: [case_manager], requires: [%s]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""


@pytest.mark.parametrize(
    ("fragment", "code", "says"),
    [
        (asking("{taken: {action: finish, at_most: 2, since: conselling}}"),
         "SOP201", 'since step or action "conselling"'),
        (asking("{step_done: counselling, since: finsih}"), "SOP201", 'since step or action "finsih"'),
        (asking("{strands: done}"), "SOP214", "waits for the strands of its step, which has none"),
        (asking("{series: done}"), "SOP214", "waits for the series of its step, which has none"),
        (BESIDE % ("alert", "", "") + asking("{strands: {alert: [over]}}"), "SOP214", '"alert" never ends with "over"'),
        (number("1e5"), "SOP206", '"1e5" is not a number'),
        (number("1_000"), "SOP206", '"1_000" is not a number'),
        (number("'12345678901234567'"), "SOP206", "is not a number"),
        ("destination: [FR, UK]\n", "SOP206", '"UK" is not a country'),
        ("origin: [XX]\n", "SOP206", '"XX" is not a country'),
        ("lists:\n  soon: [never]\n" + asking("{form: travel, not_in_list: {departs_on: soon}}"),
         "SOP206", '"never" is not a date'),
        (asking("{waited: {from: {form: consent.sharing, field: ends_on}, at_least: 3 days}}"),
         "SOP207", "nothing says whose"),
        (BESIDE % ("alert", "", "") + STEPS.replace("actions:", INSIDE % ("alert", "", "") + "actions:", 1) % "",
         "SOP213", 'strand "alert" stands twice'),
        (STEPS % "" + "everywhere:\n  finish: {to: stay, by: [case_manager]}\n",
         "SOP213", "open everywhere and at step"),
        (BESIDE % ("alert", "", "        strands: {inner: {start: deep, steps: {deep: {end: x, title: {en: D, fr: B}}}}}\n"),
         "SOP215", "strands do not nest"),
        (asking("{form: risk, or_absent: true}"), "SOP215", "`or_absent` means nothing here"),
        (BESIDE % ("main", "", ""), "SOP216", 'a strand can\'t be called "main"'),
        (PERSON.replace("person: {side: person, acts_for: [person]", "any: {side: origin"),
         "SOP216", 'a role can\'t be called "any"'),
        (LATER, "SOP307", 'step "counselling" is the responsibility only of "case_manager"'),
        (STUCK % "{form: consent.return}", "SOP305", "and so can every other way on"),
        (STUCK % "{at: [closed]}", "SOP305", "and so can every other way on"),
        (STUCK % "{taken: {action: finish, at_least: 2}}", "SOP305", "and so can every other way on"),
        (PERSON, "SOP309", "only by roles of side person"),
        (STEPS % "" + "everywhere:\n  tick: {to: stay, by: [system], automatic: {after: 1 day}}\n",
         "SOP309", "is open everywhere, and no step says from when"),
        (STEPS.replace("by: [case_manager]%s", "by: [system, case_manager], automatic: {after: 1 day}"),
         "SOP309", 'taken by "system" and by others'),
        (BESIDE % ("alert", "", "        pause: true\n"), "SOP310", "is not on the main line"),
        (STEPS.replace("    forms:", "    pause: true\n    forms:") % "", "SOP310", "starts at the pause step"),
        (
            STEPS.replace("end: done,", "end: done, reopens: {to: held, by: [case_manager]},") % ""
            + HELD
            + "everywhere:\n  hold: {to: held, by: [case_manager]}\n",
            "SOP310",
            '"closed" reopens at the pause step "held"',
        ),
        ("share_when: {origin: []}\n", "SOP314", "would be told of every case without any consent"),
        (STEPS.replace("fr: Conseil", "rf: Conseil") % "", "SOP306", "no words in fr for steps.counselling.title"),
        (STEPS.replace("fr: Conseil", "fr: ''") % "", "SOP306", "no words in fr for steps.counselling.title"),
    ],
)  # fmt: skip
def test_further_causes_of_a_check(fragment, code, says, tmp_path):
    """A check may have several causes; its own example shows one."""
    file = tmp_path / "example.yaml"
    file.write_text(procedure(fragment), encoding="utf-8")

    _, found = check_file(file, SHELF)

    assert [one.code for one in found if one.severity is Severity.ERROR or one.code == code] == [code]
    assert any(says in one.message for one in found if one.code == code), [one.message for one in found]


def test_a_title_is_known_by_its_place_not_by_its_keys(tmp_path):
    """A step called `fr` in a procedure is no text in French."""
    file = tmp_path / "example.yaml"
    file.write_text(
        procedure("lists: {}\n" + (STEPS % "").replace("counselling:", "fr:")).replace(
            "start: counselling", "start: fr"
        )
    )

    assert "SOP306" not in {one.code for one in check_file(file, SHELF)[1]}


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


def test_of_very_many_faults_so_many_are_told(tmp_path):
    """Whoever mends those sees the rest; that there are more is said."""
    file = tmp_path / "many.yaml"
    actions = "".join(f"      go_{number}: {{to: nowhere_{number}, by: [nobody]}}\n" for number in range(MAX_FAULTS))
    file.write_text(procedure((STEPS % "").replace("    actions:\n", "    actions:\n" + actions)), encoding="utf-8")

    found = check_file(file, SHELF)[1]

    assert len(found) == MAX_FAULTS + 1
    assert found[-1].code == "SOP199"
