"""Every key of the language as it is explained: with an example that the reader takes, on a page that is current."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from engine.application.scenarios.examples import EXAMPLES as OF_SCENARIOS
from engine.application.scenarios.model import Scenario
from engine.forms.model import Form
from engine.sop.examples import EXAMPLES
from engine.sop.keys import Key, keys_of, models_in, reference
from engine.sop.layer import Layer
from engine.sop.model import Sop
from engine.sop.shared import Right, SharedSafeguards
from engine.source import read

MODELS = list(dict.fromkeys(model for root in (Sop, Layer, Form, SharedSafeguards) for model in models_in(root)))
STORIES = models_in(Scenario)


@pytest.mark.parametrize(
    ("model", "examples"),
    [*((model, EXAMPLES) for model in MODELS), *((model, OF_SCENARIOS) for model in STORIES)],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_example_is_read_by_the_type_of_its_key(model, examples):
    """As it is written: a copy of it into a file is no fault."""
    types = {field.alias or name: field for name, field in model.model_fields.items()}
    for key in keys_of(model, examples):
        field = types[key.name]
        kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        source, faults = read(f"{key.name}: {key.written}", key.name)

        assert faults == []
        assert source is not None
        TypeAdapter(kind).validate_python(source.value[key.name])  # type: ignore[call-overload,index]


def test_no_example_is_of_a_key_that_is_gone():
    """What the language no longer knows is not shown."""
    known = {model.__name__: {key.name for key in keys_of(model)} for model in MODELS}
    known |= {model.__name__: {key.name for key in keys_of(model, OF_SCENARIOS)} for model in STORIES}
    known["Right"] = {field.alias or name for name, field in Right.model_fields.items()}
    told = [*EXAMPLES.items(), *OF_SCENARIOS.items()]

    assert [(name, key) for name, keys in told for key in keys if key not in known.get(name, ())] == []


def test_every_key_says_what_it_is_for():
    """In words, beside its example."""
    keys = [(model, key) for model in MODELS for key in keys_of(model)]
    keys += [(model, key) for model in STORIES for key in keys_of(model, OF_SCENARIOS)]

    assert [(model.__name__, key.name) for model, key in keys if not key.description] == []


def test_a_key_names_its_words_and_what_stands_below_it():
    """So that the page can list the ones and lead to the others."""
    keys: dict[str, Key] = {key.name: key for model in MODELS if model.__name__ == "Role" for key in keys_of(model)}

    assert keys["side"].words == ("destination", "origin", "transit", "person")
    assert keys["side"].required
    assert [one.__name__ for key in keys_of(Sop) if key.name == "safeguards" for one in key.holds] == [
        "Safeguard", "SafeguardUse",
    ]  # fmt: skip


def test_the_page_of_keys_is_current():
    """docs/reference/keys.md is what the models say of themselves."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "keys.md"

    assert page.read_text(encoding="utf-8") == reference()
