"""When one requirement asks at least what another asks."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from engine.sop.model import Requirement
from engine.sop.stricter import implies

READ: TypeAdapter[Any] = TypeAdapter(Requirement)

MORE_AND_LESS = [
    ({"waited": {"since": "a", "at_least": "30 days"}}, {"waited": {"since": "a", "at_least": "10 days"}}),
    ({"waited": {"since": "a", "at_least": "2 weeks"}}, {"waited": {"since": "a", "at_least": "13 days"}}),
    ({"waited": {"since": "a", "at_least": "48 hours"}}, {"waited": {"since": "a", "at_least": "24 hours"}}),
    ({"taken": {"action": "a", "at_most": 1}}, {"taken": {"action": "a", "at_most": 2}}),
    ({"taken": {"action": "a", "at_least": 2}}, {"taken": {"action": "a", "at_least": 1}}),
    ({"at": ["a"]}, {"at": ["a", "b"]}),
    ({"none_of": [{"at": ["a"]}, {"at": ["b"]}]}, {"none_of": [{"at": ["b"]}]}),
    ({"fact": {"a": "x", "b": "y"}}, {"fact": {"a": ["x", "z"]}}),
    ({"form": "f", "where": {"a": "x"}, "not_older_than": "7 days"}, {"form": "f", "not_older_than": "1 week"}),
    ({"at": ["a"]}, {"any_of": [{"at": ["a"]}, {"at": ["b"]}]}),
]
APART = [
    ({"waited": {"since": "a", "at_least": "30 days"}}, {"waited": {"since": "b", "at_least": "10 days"}}),
    ({"waited": {"since": "a", "at_least": "1 day"}}, {"waited": {"since": "a", "at_least": "24 hours"}}),
    ({"waited": {"since": "a", "at_least": "1 month"}}, {"waited": {"since": "a", "at_least": "30 days"}}),
    ({"taken": {"action": "a", "at_most": 1}}, {"taken": {"action": "a", "at_least": 1}}),
    ({"taken": {"action": "a", "at_most": 1}}, {"taken": {"action": "a", "at_most": 2, "since": "b"}}),
    ({"at": ["a"]}, {"at": ["b"]}),
    ({"at": ["a"]}, {"none_of": [{"at": ["b"]}]}),
]


@pytest.mark.parametrize(("more", "less"), MORE_AND_LESS)
def test_more_asks_what_less_asks_and_not_the_other_way_round(more, less):
    """Whoever meets the one meets the other."""
    assert implies(READ.validate_python(more), READ.validate_python(less))
    assert not implies(READ.validate_python(less), READ.validate_python(more))


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_can_not_be_compared_is_not(one, other):
    """Another step, another unit of time, another kind of bound."""
    assert not implies(READ.validate_python(one), READ.validate_python(other))
    assert not implies(READ.validate_python(other), READ.validate_python(one))
