"""The canonical text of a procedure: exact both ways, the same for the same meaning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from engine.settings import DEFINITIONS
from engine.sop.canonical import canonical, content_hash, from_canonical, used_forms
from engine.sop.load import Shelf, SopFile, load_sop

SMALL = Path(__file__).parents[1] / "definitions"


@pytest.fixture(scope="module")
def adult() -> SopFile:
    shelf, _ = Shelf.of(DEFINITIONS)
    loaded, _ = load_sop(DEFINITIONS / "sops" / "adult-return.yaml", shelf)
    assert loaded is not None
    return loaded


def small(text: str, folder: Path) -> SopFile:
    (folder / "short.yaml").write_text(text, encoding="utf-8")
    loaded, found = load_sop(folder / "short.yaml", Shelf.of(SMALL)[0])
    assert loaded is not None, found
    return loaded


def names(value: Any) -> Iterator[list[str]]:
    """Yield the names of every mapping in the models, in their order."""
    if isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from names(getattr(value, field))
    elif isinstance(value, dict):
        yield list(value)
        for one in value.values():
            yield from names(one)
    elif isinstance(value, tuple):
        for one in value:
            yield from names(one)


def test_reads_back_what_it_wrote(adult):
    """The SOP, the forms and the text itself are the same after a round trip."""
    text = canonical(adult.sop, adult.shelf.forms)

    sop, forms = from_canonical(text)

    assert sop == adult.sop
    assert forms == {name: adult.shelf.forms[name] for name in used_forms(adult.sop)}
    assert canonical(sop, forms) == text


def test_keeps_the_order_of_the_designers_names(adult):
    """Fields are asked and steps are drawn in the order written."""
    sop, forms = from_canonical(canonical(adult.sop, adult.shelf.forms))

    assert list(names(sop)) == list(names(adult.sop))
    assert all(list(names(form)) == list(names(adult.shelf.forms[name])) for name, form in forms.items())


def test_holds_the_forms_that_only_a_safeguard_speaks_of(tmp_path):
    """A published version can be proved without the files it came from."""
    text = (SMALL / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    own = "  - {id: no-risk-unseen, before: depart, happened: {record: travel_plan}}\n"

    without, with_one = small(text, tmp_path), small(text + own, tmp_path)

    assert "travel_plan" not in used_forms(without.sop)
    assert "travel_plan" in used_forms(with_one.sop)


def test_hash_is_the_same_for_comments_and_line_breaks_and_another_for_another_meaning(tmp_path):
    """Only what a case runs on counts."""
    text = (SMALL / "sops" / "short-return.yaml").read_text(encoding="utf-8")

    def hashed(written: str) -> str:
        loaded = small(written, tmp_path)
        return content_hash(canonical(loaded.sop, loaded.shelf.forms))

    assert hashed(text.replace("by: [case_manager]", "by:\n          - case_manager  # the one", 1)) == hashed(text)
    assert hashed(text.replace("10 working days", "11 working days")) != hashed(text)


def test_says_nothing_of_what_would_hold_anyway(adult):
    """A key of the language that is added later, with a default, leaves published texts as they are."""
    text = canonical(adult.sop, adult.shelf.forms)

    assert '"confirmed":true' not in text
    assert '"required":true' not in text
    assert '"required":false' in text
