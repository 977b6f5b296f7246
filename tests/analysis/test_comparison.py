"""What changes for people between two procedures: said in sentences, the gravest first, and nothing passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.analysis.comparison import Effect, Subject, compare
from engine.settings import DEFINITIONS
from engine.sop.canonical import canonical
from engine.sop.load import Shelf, SopFile, load_sop
from engine.sop.model import Sop

HERE = Path(__file__).parents[1] / "definitions"


def loaded(folder: Path, name: str) -> SopFile:
    file, _ = load_sop(folder / "sops" / name, Shelf.of(folder)[0])
    assert file is not None
    return file


@pytest.fixture(scope="module")
def small() -> SopFile:
    return loaded(HERE, "short-return.yaml")


def said(small: SopFile, tmp_path: Path, *changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """What changes when words of the small procedure are replaced: effect, subject, sentence."""
    text = (HERE / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "changed.yaml").write_text(text, encoding="utf-8")
    now, found = load_sop(tmp_path / "changed.yaml", small.shelf)
    assert now is not None, found
    changed = compare(small.sop, small.shelf.forms, now.sop, now.shelf.forms)
    return [(one.effect.value, one.subject.value, one.text) for one in changed]


def test_the_same_procedure_changes_nothing(small):
    """Not even where it is written otherwise."""
    assert compare(small.sop, small.shelf.forms, small.sop, small.shelf.forms) == []


CONSENT = "          - {form: informed_consent.return, where: {decision: consents}}\n"
WAIT = "          - {waited: {since: counselling, at_least: 30 days}}\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [("not_older_than: 30 days", "not_older_than: 60 days")],
            ("weaker", "requirement", "on record, signed at most 60 days ago”."),
        ),
        ([("not_older_than: 30 days", "not_older_than: 2 weeks")], ("stronger", "requirement", "asks for more")),
        (
            [("        requires:\n" + CONSENT, "")],
            (
                "gone",
                "requirement",
                "“request return” at “Counselling on all options” no longer asks: Informed consent",
            ),
        ),
        (
            [("decision: [favourable, conditional]}, not", "decision: favourable}, not")],
            ("stronger", "requirement", "asks for more"),
        ),
        (
            [("          - {strands: done}\n", "          - {strands: done}\n" + WAIT)],
            (
                "new",
                "requirement",
                "“depart” at “Assessment and preparation” now asks: 30 days have passed since “Counselling",
            ),
        ),
        (
            [("within: 10 working days", "within: 5 working days")],
            ("changed", "deadline", "is due sooner: from 10 to 5 working days."),
        ),
        (
            [("within: 10 working days", "within: 3 months")],
            ("changed", "deadline", "is due at another time: from 10 working days to 3 months."),
        ),
        (
            [("remind: [3 working days before, ", "remind: [")],
            ("gone", "deadline", "No longer a reminder 3 working days before"),
        ),
        (
            [("after: 2 working days, to: [return_operator]", "after: 2 working days, to: [case_manager]")],
            (
                "gone",
                "deadline",
                "No longer told 2 working days after the deadline of “Counselling on all options”: Return operator.",
            ),
        ),
        (
            [
                (
                    "decline: {to: closed_declined, by: [case_manager]}",
                    "decline: {to: closed_declined, by: [case_manager, return_operator]}",
                )
            ],
            ("new", "action", "Return operator can now take “decline” at “Counselling on all options”."),
        ),
        (
            [("refuse: {to: closed_stays,", "refuse: {to: closed_declined,")],
            ("changed", "action", "leads to “Declined” instead of “Stays”."),
        ),
        (
            [("      refuse: {to: closed_stays, by: [case_manager]}\n", "")],
            ("gone", "action", "Case manager can no longer take “refuse” at “Assessment and preparation”."),
        ),
        (
            [("forms: [risk_matrix.destination, ", "forms: [")],
            ("gone", "form", "can no longer be recorded at “Assessment and preparation”."),
        ),
        (
            [
                (
                    "  - {form: informed_consent.data_share, where: {decision: consents}}\n",
                    "  - {form: informed_consent.data_share}\n",
                )
            ],
            (
                "weaker",
                "sharing",
                "Case manager, Return operator and Receiving case manager: telling them asks for less",
            ),
        ),
        (
            [("  - {id: withdraw-any-time, in: {phases: [decision, assessment]}, available: withdraw_consent}\n", "")],
            ("gone", "safeguard", "Safeguard withdraw-any-time is gone."),
        ),
        (
            [("in: {phases: [decision, assessment]}, available", "in: {phases: [decision]}, available")],
            ("weaker", "safeguard", "Safeguard withdraw-any-time says something else, and may be weaker."),
        ),
        (
            [("reachable: [closed_stays, closed_declined, ", "reachable: [closed_stays, ")],
            ("stronger", "safeguard", "Safeguard a-way-out-everywhere is stronger."),
        ),
        (
            [("side: origin, title: {en: Receiving case manager", "side: origin, title: {en: Receiving desk")],
            (
                "changed",
                "role",
                "The title of role “Receiving desk” (en) changes from “Receiving case manager” to “Receiving desk”.",
            ),
        ),
        (
            [("origin: [AL, MA, UA]", "origin: [AL, MA]")],
            ("changed", "procedure", "The countries of origin of the procedure: now without “UA”."),
        ),
    ],
)
def test_a_change_is_said_in_words_of_people(small, tmp_path, changes, expected):
    """What it does, what it is about, and the sentence."""
    found = said(small, tmp_path, *changes)

    effect, subject, text = expected
    assert [one for one in found if one[:2] == (effect, subject) and text in one[2]], found


def test_a_wait_shrinks_in_so_many_words(small, tmp_path):
    """As a designer would say it."""
    text = (HERE / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    sides = []
    for days in ("30 days", "10 days"):
        (tmp_path / "wait.yaml").write_text(
            text.replace("          - {strands: done}\n", WAIT.replace("30 days", days))
        )
        file, _ = load_sop(tmp_path / "wait.yaml", small.shelf)
        assert file is not None
        sides.append(file.sop)

    (change,) = compare(sides[0], small.shelf.forms, sides[1], small.shelf.forms)

    assert change.effect is Effect.WEAKER
    assert change.text == (
        "The waiting time before “depart” at “Assessment and preparation” shrinks from 30 to 10 days "
        "(since “Counselling on all options”)."
    )


def test_the_gravest_comes_first(small, tmp_path):
    """A safeguard that goes stands before a step that is new, and that before what is asked more."""
    found = said(
        small,
        tmp_path,
        ("not_older_than: 30 days", "not_older_than: 1 day"),
        ("  - {id: withdraw-any-time, in: {phases: [decision, assessment]}, available: withdraw_consent}\n", ""),
        ("within: 10 working days", "within: 5 working days"),
        ("refuse: {to: closed_stays,", "refuse: {to: closed_other,"),
        ("  closed_stays: {", "  closed_other: {end: other, title: {en: Other, fr: Autre}}\n  closed_stays: {"),
    )

    assert [one[:2] for one in found] == [
        ("gone", "safeguard"), ("changed", "deadline"), ("changed", "action"), ("new", "step"), ("stronger", "requirement"),
    ]  # fmt: skip


def test_a_form_that_lets_more_be_known_is_weaker(small):
    """A field that may cross the border, or counts less, is said to protect less."""
    forms = dict(small.shelf.forms)
    part = forms["informed_consent"].parts["return"]
    name, field = next(iter(part.fields.items()))
    open_field = field.model_copy(
        update={"crosses_border": True, "sensitivity": 0, "personal": False, "required": False}
    )
    open_part = part.model_copy(update={"fields": {**part.fields, name: open_field}})
    forms["informed_consent"] = forms["informed_consent"].model_copy(
        update={"parts": {**forms["informed_consent"].parts, "return": open_part}}
    )

    found = compare(small.sop, small.shelf.forms, small.sop, forms)

    changed = sum(getattr(field, one) != getattr(open_field, one) for one in type(field).model_fields)
    assert len(found) == changed > 2
    assert {(one.effect, one.subject) for one in found} == {(Effect.WEAKER, Subject.FORM)}
    assert all(one.effect is Effect.STRONGER for one in compare(small.sop, forms, small.sop, small.shelf.forms))


ADULT = loaded(DEFINITIONS, "adult-return.yaml")
WHOLE: dict[str, Any] = json.loads(canonical(ADULT.sop, ADULT.shelf.forms))["sop"]


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for key, inner in below for one in ((*path, key), *_paths(inner, (*path, key)))]


PATHS = _paths(WHOLE)


@given(st.sampled_from(PATHS), st.sampled_from(["gone", "other", "more"]))
@settings(max_examples=40, deadline=None)
def test_no_change_is_passed_over(path, how):
    """Whatever word, entry or key of the shipped procedure is changed: something is said, both ways round."""
    changed = json.loads(json.dumps(WHOLE))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    if how == "gone":
        del holder[path[-1]]
    elif how == "more":
        assume(isinstance(holder, list))
        holder.append(value)
    elif isinstance(value, bool):
        holder[path[-1]] = not value
    elif isinstance(value, str):
        holder[path[-1]] = (
            value.replace("3", "4").replace("1", "2") if any(one in value for one in "13") else value + "x"
        )
    elif isinstance(value, list):
        holder[path[-1]] = value[::-1]
    try:
        sop = Sop.model_validate(changed)
    except ValidationError:
        assume(False)
    assume(sop != ADULT.sop)

    assert compare(ADULT.sop, ADULT.shelf.forms, sop, ADULT.shelf.forms)
    assert compare(sop, ADULT.shelf.forms, ADULT.sop, ADULT.shelf.forms)
