"""A completed form: typed, complete, or every fault named at once."""

from __future__ import annotations

from datetime import date

import pytest

from engine.forms.model import Form
from engine.forms.record import FormRefused, complete

TODAY = date(2026, 3, 2)
ROLES = ("worker", "person")
TITLE = {"en": "A", "fr": "A"}
FORM = Form.model_validate(
    {
        "form": "visit",
        "title": TITLE,
        "fields": {
            "safe": {"type": "boolean", "title": TITLE},
            "mood": {"type": "choice", "title": TITLE, "choices": {"good": TITLE, "bad": TITLE}},
            "next_on": {"type": "date", "title": TITLE, "required": False},
            "children": {"type": "number", "title": TITLE, "min": 0, "max": 20},
            "words": {"type": "text", "title": TITLE, "required": False, "max_length": 10},
            "country": {"type": "country", "title": TITLE, "required": False},
        },
    }
)
KEYED = Form.model_validate(
    {
        "form": "share",
        "title": TITLE,
        "keyed": {"purposes": {"support": TITLE}},
        "fields": {"agreed": {"type": "boolean", "title": TITLE}},
    }
)
GOOD = {"signed_on": "2026-03-01", "signed_by": ["worker"], "safe": "true", "mood": "good", "children": "2"}


def read(raw: dict[str, object], form: Form = FORM):
    (part,) = form.all_parts().values()
    return complete(form.form, part, raw, roles=ROLES, today=TODAY)


def faults(raw: dict[str, object], form: Form = FORM) -> str:
    with pytest.raises(FormRefused) as refused:
        read(raw, form)
    return "\n".join(refused.value.details)


def test_a_complete_form_has_typed_values():
    """Booleans, numbers, dates and countries; what may be left out is left out."""
    record = read({**GOOD, "country": "NO", "next_on": "2026-04-01"})

    assert record.fields == {"safe": True, "mood": "good", "children": 2, "country": "NO", "next_on": "2026-04-01"}
    assert (record.signed_on, record.signed_by, record.draft) == (date(2026, 3, 1), ("worker",), False)


def test_every_fault_is_named_at_once():
    """Wrong, missing, surplus, unsigned, signed by nobody known: one sentence each."""
    said = faults(
        {"safe": "yes", "children": "99", "words": "far too many words", "mod": "good", "signed_by": ["wroker"]}
    )

    for word in (
        "signed_on: missing", 'did you mean "worker"', "safe: must be true or false", "mood: missing",
        "children: must be at most 20", "words: must have at most 10", 'did you mean "mood"',
    ):  # fmt: skip
        assert word in said


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("mood", "great", "must be one of: good, bad"),
        ("next_on", "1 April", "must be a date"),
        ("country", "Norway", "country"),
        ("signed_on", "2026-03-03", "lies in the future"),
        ("children", "many", "must be a number"),
        ("children", float("nan"), "must be a number"),
        ("children", float("inf"), "must be a number"),
        ("children", 10**400, "must be a number"),
        ("signed_by", {"worker": True}, "must be a role, or a list of roles"),
        ("for", {"role": "worker", "purpose": "support"}, "has no receiving role"),
    ],
)
def test_a_wrong_value_says_what_was_expected(field, value, said):
    """In words for the person at the desk."""
    assert said in faults({**GOOD, field: value})


def test_a_draft_may_be_incomplete_but_not_wrong():
    """It doesn't count, and what it says must still be of its type."""
    assert read({"signed_on": "2026-03-01", "draft": "true"}).draft is True
    assert "safe: must be true or false" in faults({"signed_on": "2026-03-01", "draft": "true", "safe": "perhaps"})


def test_a_keyed_part_names_receiver_and_purpose():
    """Both must exist."""
    good = {"signed_on": "2026-03-01", "agreed": "true"}

    record = read({**good, "for": {"role": "worker", "purpose": "support"}}, KEYED)

    assert (record.role, record.purpose) == ("worker", "support")
    assert "must name the receiving role" in faults(good, KEYED)
    assert "no such purpose" in faults({**good, "for": {"role": "worker", "purpose": "suport"}}, KEYED)
