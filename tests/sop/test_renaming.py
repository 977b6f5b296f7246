"""Where names stand: in the shipped procedure nothing that has a name is passed over, unless it means something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.settings import DEFINITIONS
from engine.sop.load import Shelf, SopFile, load_sop
from engine.sop.renaming import Renamed, declared_in, names_of, used_in
from engine.source import Node, Path, Spot

FILE = DEFINITIONS / "sops" / "adult-return.yaml"
FORMS = {"form", "forms", "voids", "record", "show"}
ELSEWHERE = {"phase", "phases", "purpose", "where", "end", "lists", "in_list", "not_in_list", "side"}
OTHER_MEANING = {
    Renamed.STEP: ELSEWHERE | FORMS | {"share_when"},
    Renamed.ACTION: ELSEWHERE | {"code"},
    Renamed.FORM: ELSEWHERE
    | {"steps", "since", "to", "at", "enter", "start", "step_done", "from_step", "reachable", "leave", "alongside"},
    Renamed.ROLE: {"kind", "side"},
    Renamed.FACT: set(),
}
"""The keys below which the same word names a phase, a purpose, a field, an outcome, a list, a side, or a thing of another kind."""

PLACEHOLDERS: Path = ("bindings",)
"""The keys of this mapping are words of shared safeguards; only what is bound to them are names."""


@pytest.fixture(scope="module")
def adult() -> SopFile:
    file, _ = load_sop(FILE, Shelf.of(DEFINITIONS)[0])
    assert file is not None
    return file


def written(node: Node, path: Path = ()) -> Iterator[tuple[str, Path, Spot]]:
    """Give every word of the file, keys too, with the keys above it."""
    if isinstance(node.value, dict):
        for key, value in node.value.items():
            yield key, path, node.keys[key]
            yield from written(value, (*path, key))
    elif isinstance(node.value, list):
        for number, value in enumerate(node.value):
            yield from written(value, (*path, number))
    elif isinstance(node.value, str):
        yield node.value, path, node.spot


@pytest.mark.parametrize("kind", list(Renamed))
def test_no_place_of_a_name_is_passed_over(adult, kind):
    """Each word of the file that is the name is found, or stands where names of this kind can't."""
    root = adult.marks.root
    words = list(written(root))
    known = names_of(kind, adult)
    missed = []
    for name in known:
        found = {
            (one.place.line, one.place.column) for one in (*used_in(kind, name, adult), *declared_in(kind, name, root))
        }
        for word, path, spot in words:
            meant = word == name or (kind is Renamed.FORM and word.startswith(f"{name}."))
            above = set([key for key in path if isinstance(key, str)][-2:])
            if path == PLACEHOLDERS:
                continue
            if meant and (spot.line, spot.column) not in found and not above & OTHER_MEANING[kind]:
                missed.append((name, path, spot.line))

    assert len(known) > 4
    assert missed == []
