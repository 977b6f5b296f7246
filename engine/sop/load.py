"""file -> Sop, or all its diagnostics in one run: what it extends is merged first, then the whole is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean, in_order
from engine.sop.extend import merged
from engine.sop.faults import validated
from engine.sop.layer import Layer, named_layers, other_countries, parts_of
from engine.sop.model import Safeguard, Sop
from engine.sop.shelf import Shelf, find_root, load_form, read_file
from engine.sop.stricter import weakened
from engine.sop.uses import TakenUp, taken_up
from engine.source import Marks, Node, Plain, Source, Spot, split_lines, without_places

__all__ = ["Shelf", "SopFile", "find_root", "load_form", "load_sop"]


IN_A_CIRCLE: Final = "SOP121"
BUILT_ON_FAULTS: Final = "SOP124"
"""Codes that follow from the faults of another procedure, or are said alike of several."""


@dataclass(frozen=True, slots=True)
class SopFile:
    """A procedure as loaded, with what stands beside it and the place of each of its parts.

    `taken`: the shared safeguards that it takes up, in the order of the file; those of the procedure it extends come first.
    `layers`: the country layers that its file lays on the procedure it extends, by their ids.
    """

    sop: Sop
    shelf: Shelf
    marks: Marks
    file: str
    text: str
    taken: Sequence[TakenUp] = ()
    layers: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the lines of its own file, for drawing."""
        return split_lines(self.text)

    def place_of(self, safeguard: int) -> tuple[Place, Place]:
        """Return where a safeguard, by its number, stands in the procedure, and where it is written."""
        return _places(self.marks, safeguard)


def load_sop(path: Path, shelf: Shelf) -> tuple[SopFile | None, list[Diagnostic]]:
    """Read one procedure.

    Returns:
        The procedure, or None where it has faults that leave no sound model; and every fault found, in the order of the file.
    """
    loaded, found = _load(path, shelf, ())
    return loaded, in_order(list(dict.fromkeys(found)))


def _load(path: Path, shelf: Shelf, chain: tuple[str, ...]) -> tuple[SopFile | None, list[Diagnostic]]:
    source, found = read_file(path)
    if source is None:
        return None, found
    other = _something_else(source)
    if other is not None:
        return None, [*found, other]
    base: SopFile | None = None
    named: list[str] = []
    value, marks, taken = source.value, source.marks, list[TakenUp]()
    swiftly = _with_shared_safeguards(source, shelf)
    if swiftly is not None:
        value, marks, taken = swiftly
    elif _is_built_on_others(source):
        named, faults = named_layers(source.marks.root, shelf.layers, shelf.faulty_layers)
        found += faults
        if faults:  # what they would have brought would be told as missing
            return None, found
        if source.marks.root.child("extends") is not None:
            base, faults = _extended(source, shelf, chain)
            found += faults
            for name in named:
                if base is not None:
                    base, faults = _laid_on(base, *shelf.layers[name])
                    found += faults
        uses = taken_up(source.marks.root, shelf.safeguards, base.marks.root.child("bindings") if base else None)
        found += uses.found
        root, taken = uses.root, uses.taken
        if base is not None:
            root, faults = merged(base.marks.root, root)
            found += faults
            taken = [*base.taken, *taken]
        elif "extends" in source.marks.root.keys:  # without its base it has gaps that nobody left
            return None, found
        value, marks = root.plain(), Marks(str(path), root)
    sop, faults = validated(Sop, value, marks)
    found += faults
    if sop is None:
        return None, found
    found += _named_twice(sop, marks)
    if base is not None:
        found += weakened(base.sop, sop, marks)
        found += other_countries(sop, [shelf.layers[name][0] for name in named], source.marks.root)
    return SopFile(sop, shelf, marks, str(path), source.text, taken, tuple(named)), found


def _with_shared_safeguards(source: Source, shelf: Shelf) -> tuple[Plain, Marks, list[TakenUp]] | None:
    """Put shared safeguards where a file that extends no other takes them up, without reading it again for its places.

    None where there are none, where a place is needed after all, because something is wrong, or where it extends another.
    """
    value = source.value
    if not isinstance(value, dict) or not _is_built_on_others(source) or "extends" in value or "layers" in value:
        return None
    nowhere = Spot(source.marks.file, 1, 1, 1)
    concerned: Plain = {key: value[key] for key in ("safeguards", "bindings") if key in value}
    uses = taken_up(without_places(concerned, nowhere), shelf.safeguards, None)
    listed = uses.root.child("safeguards")
    if uses.found or listed is None:
        return None
    marks = Marks(source.marks.file, lambda: taken_up(source.marks.root, shelf.safeguards, None).root)
    return {**value, "safeguards": listed.plain()}, marks, uses.taken


def _laid_on(under: SopFile, layer: Layer, source: Source) -> tuple[SopFile | None, list[Diagnostic]]:
    """Lay a country layer on a procedure, as a variant of it; None where no sound model is left."""
    uses = taken_up(source.marks.root, under.shelf.safeguards, under.marks.root.child("bindings"))
    root, faults = merged(under.marks.root, parts_of(layer, uses.root))
    found = [*uses.found, *faults]
    plain, marks = root.plain(), Marks(source.marks.file, root)
    assert isinstance(plain, dict)
    sop, faults = validated(Sop, {**plain, "sop": layer.layer}, marks)
    found += faults
    if sop is None:
        return None, found
    found += weakened(under.sop, sop, marks)
    sop = sop.model_copy(update={"sop": f"{under.sop.sop} + {layer.layer}"})
    return replace(under, sop=sop, marks=marks, taken=[*under.taken, *uses.taken]), found


def _something_else(source: Source) -> Diagnostic | None:
    """Say what a file is that belongs into another folder."""
    if not isinstance(source.value, dict) or "sop" in source.value:
        return None
    for key, hint in (
        ("form", "forms are checked with the procedures beside them"),
        ("layer", "a layer is checked with the procedures that take it up"),
    ):
        if key in source.value:
            return Diagnostic("SOP100", f"this file is a {key}, not a procedure", source.marks.key((key,)), hint)
    return None


def _is_built_on_others(source: Source) -> bool:
    """Tell whether the file extends a procedure or takes up a shared safeguard; most don't."""
    if not isinstance(source.value, dict):
        return False
    safeguards = source.value.get("safeguards")
    uses = isinstance(safeguards, list) and any(isinstance(one, dict) and "use" in one for one in safeguards)
    return uses or any(key in source.value for key in ("extends", "layers", "bindings"))


def _extended(source: Source, shelf: Shelf, chain: tuple[str, ...]) -> tuple[SopFile | None, list[Diagnostic]]:
    """Load the procedure that a file extends; its own faults are told where it is checked itself."""
    named = source.marks.root.child("extends")
    own = source.marks.root.child("sop")
    assert named is not None
    place, name = Place(*named.spot), named.value
    if not isinstance(name, str):
        return None, [Diagnostic("SOP120", '"extends" names one procedure by its id', place)]
    chain = (*chain, _text(own))
    if name in chain:
        return None, [Diagnostic(IN_A_CIRCLE, _circle(chain[chain.index(name) :]), place)]
    path = shelf.sops.get(name)
    if path is None:
        hint = did_you_mean(name, list(shelf.sops), "procedures")
        return None, [Diagnostic("SOP120", f'there is no procedure "{name}" to extend', place, hint)]
    loaded, faults = shelf.loaded.get(path) or _load(path, shelf, chain)
    if loaded is not None:
        shelf.loaded[path] = loaded, faults
    circle_below = [one.message for one in faults if one.code == IN_A_CIRCLE]
    if circle_below:
        return None, [Diagnostic(IN_A_CIRCLE, circle_below[0], place)]
    errors = [one for one in faults if one.severity is Severity.ERROR]
    if loaded is None or errors:
        message = f'"{name}" has faults itself ({len(errors)}), so nothing can be built on it'
        return None, [Diagnostic(BUILT_ON_FAULTS, message, place, f"mend them first: passerelle sop check {path}")]
    return loaded, []


def _circle(names: tuple[str, ...]) -> str:
    """Say which procedures extend one another, in the same words for each of them."""
    first = names.index(min(names))
    said = " extends ".join(f'"{one}"' for one in (*names[first:], *names[: first + 1]))
    return f"procedures extend one another in a circle: {said}"


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _places(marks: Marks, safeguard: int) -> tuple[Place, Place]:
    entry, written = marks.value(("safeguards", safeguard)), marks.value(("safeguards", safeguard, "id"))
    return (entry if entry.file != written.file else written), written


def _named_twice(sop: Sop, marks: Marks) -> list[Diagnostic]:
    """Find safeguards of one id: a variant or a report could not say which is meant."""
    found: list[Diagnostic] = []
    seen: set[str] = set()
    for number, one in enumerate(sop.safeguards):
        if isinstance(one, Safeguard) and one.id in seen:
            place, written = _places(marks, number)
            hint = (
                "give one of the two another id"
                if place == written
                else "add to one use `as: …`, which makes another id"
            )
            found.append(Diagnostic("SOP110", f'safeguard "{one.id}" stands twice', place, hint))
        elif isinstance(one, Safeguard):
            seen.add(one.id)
    return found
