"""A definition spoilt in any way: reading it ends, says where what is wrong, and raises nothing; a sound one compiles."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.diagnostics import Severity
from engine.sop.canonical import canonical, from_canonical
from engine.sop.check import check_file
from engine.sop.compile import compile_sop
from engine.sop.load import Shelf
from engine.source import read, split_lines

HERE = Path(__file__).parents[1] / "definitions"
SHELF = Shelf.of(HERE)[0]
TEXTS = [
    path.read_text(encoding="utf-8") for folder in ("sops", "good") for path in sorted((HERE / folder).glob("*.yaml"))
]
TREES = [source.value for text in TEXTS if (source := read(text, "f.yaml")[0]) is not None]
PIECES = [
    "{", "}", "[", "]", ": ", ", ", '"', "'", "\n", "  ", "\t", "- ", "? ", "#", "&a ", "*a", "!t ", "| ", "---\n", "“", "\0", "\r",
    "null", "true", "NO", "$x", "stay", "any", "0 days", "extends: short-return\n", "remove: true", "\u2028", "\x1b",
]  # fmt: skip
VALUES: list[Any] = [
    None, "", "x", "any", "stay", "resume", "true", "-1", "1e9", "9999 months", "3 days", "$x", "informed_consent", "done",
    "closed_stays", "environment", "2026-01-01", [], {}, [[]], [{}], [None], {"en": "a"}, {"a": None}, {"remove": "true"},
]  # fmt: skip


@st.composite
def spoilt_texts(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 3, 40])))
        text = text[:start] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return text


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (holder, key or index) in a tree."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [one for key in keys for one in places(value[key])]


@st.composite
def spoilt_trees(draw: st.DrawFn) -> str:
    tree = deepcopy(draw(st.sampled_from(TREES)))
    for _ in range(draw(st.integers(1, 3))):
        known = places(tree)
        holder, key = draw(st.sampled_from(known))
        other, other_key = draw(st.sampled_from(known))
        moved = deepcopy(other[other_key])
        match draw(st.sampled_from(["value", "moved", "named", "gone"])):
            case "value":
                holder[key] = deepcopy(draw(st.sampled_from(VALUES)))
            case "moved":
                holder[key] = moved
            case "named" if isinstance(holder, dict) and isinstance(other_key, str):
                holder[other_key] = holder.pop(key)
            case _:
                del holder[key]
        if not places(tree):
            break
    return json.dumps(tree, ensure_ascii=False, indent=1)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.one_of(spoilt_texts(), spoilt_trees()))
def test_a_spoilt_procedure_is_told_or_compiles(text, tmp_path):
    """Every fault has a place in its file and words; what has no error becomes a machine, and its canonical text reads back."""
    file = tmp_path / "spoilt.yaml"
    file.write_bytes(text.encode())

    loaded, found = check_file(file, SHELF)

    lines = split_lines(text)
    for one in found:
        assert one.message
        if one.place.file == str(file):
            assert one.place.line <= len(lines)
            assert one.place.column <= len(lines[one.place.line - 1]) + 1
    if loaded is None or any(one.severity is Severity.ERROR for one in found):
        assert found
    else:
        compile_sop(loaded.sop, SHELF.forms, "v")
        assert from_canonical(canonical(loaded.sop, SHELF.forms))[0] == loaded.sop
