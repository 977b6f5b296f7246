"""The rules of the engine that shared safeguards rest upon: behind each stand code that enforces it and tests that prove it."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from engine.sop.rules import RULES, Rule

ROOT = Path(__file__).parents[2]


def test_every_rule_of_the_vocabulary_is_explained():
    """No word may be written in `enforced_by` behind which nothing stands."""
    assert list(RULES) == list(Rule)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(map(str, RULES)))
def test_what_enforces_a_rule_is_there(rule):
    """Module and name, as written."""
    assert rule.enforced_by
    for named in rule.enforced_by:
        module, _, name = named.partition(":")

        assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(map(str, RULES)))
def test_what_proves_a_rule_is_there(rule):
    """File and test, as written; a test that is left out by a mark proves nothing."""
    assert rule.proved_by
    for named in rule.proved_by:
        file, _, name = named.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        tests = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}

        assert name in tests
        assert not [mark for mark in tests[name].decorator_list if "skip" in ast.unparse(mark)]
