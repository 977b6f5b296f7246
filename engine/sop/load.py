"""file -> Sop, or all its diagnostics in one run: what it extends is merged first, country layers next, then the whole is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean, in_order
from engine.sop.extend import merged
from engine.sop.faults import validated
from engine.sop.layer import Layer, named_layers, other_countries, parts_of
from engine.sop.model import Safeguard, Sop
from engine.sop.shared import taken_up
from engine.sop.shelf import Shelf, find_root, load_form, read_file
from engine.sop.stricter import weakened
from engine.source import Marks, Node, Source, split_lines

__all__ = ["Shelf", "SopFile", "find_root", "load_form", "load_sop"]


@dataclass(frozen=True, slots=True)
class SopFile:
    """A procedure as loaded: what stands beside it, the place of each of its parts, the country layers laid on its base."""

    sop: Sop
    shelf: Shelf
    marks: Marks
    file: str
    text: str
    layers: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the lines of its own file, for drawing."""
        return split_lines(self.text)


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
    under: Sop | None = None
    named: list[str] = []
    value, marks = source.value, source.marks
    if _is_built_on_others(source):
        root, faults = taken_up(source.marks.root, shelf.safeguards)
        found += faults
        named, faults = named_layers(source.marks.root, shelf.layers, shelf.faulty_layers)
        found += faults
        if faults:  # what they would have brought would be told as missing
            return None, found
        if source.marks.root.child("extends") is not None:
            extended, faults = _extended(source, shelf, chain)
            found += faults
            if extended is None:  # without its base it has gaps that nobody left
                return None, found
            below, under, faults = _laid_on(extended, [shelf.layers[name] for name in named], shelf)
            found += faults
            if under is None:
                return None, found
            root, faults = merged(below, root)
            found += faults
        value, marks = root.plain(), Marks(str(path), root)
    sop, faults = validated(Sop, value, marks)
    found += faults
    if sop is None:
        return None, found
    found += _named_twice(sop, marks)
    if under is not None:
        found += weakened(under, sop, marks)
        found += other_countries(sop, [shelf.layers[name][0] for name in named], source.marks.root)
    return SopFile(sop, shelf, marks, str(path), source.text, tuple(named)), found


def _laid_on(
    extended: SopFile, layers: Sequence[tuple[Layer, Source]], shelf: Shelf
) -> tuple[Node, Sop | None, list[Diagnostic]]:
    """Lay country layers on a procedure, one after the other; each is judged as a variant of what lies under it.

    Returns:
        What the variant's own file is merged over, as read and as typed: None where a layer leaves no sound model.
    """
    root, under = extended.marks.root, extended.sop
    found: list[Diagnostic] = []
    for layer, source in layers:
        parts, faults = taken_up(source.marks.root, shelf.safeguards)
        found += faults
        root, faults = merged(root, parts_of(layer, parts))
        found += faults
        marks = Marks(source.marks.file, root)
        plain = root.plain()
        assert isinstance(plain, dict)
        typed, faults = validated(Sop, {**plain, "sop": extended.sop.sop}, marks)
        found += faults
        if typed is None:
            return root, None, found
        found += weakened(under, typed, marks)
        under = typed.model_copy(update={"sop": f"{under.sop} + {layer.layer}"})
    return root, under, found


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
    return uses or "extends" in source.value or "layers" in source.value


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
        circle = " extends ".join(f'"{one}"' for one in (*chain[chain.index(name) :], name))
        return None, [Diagnostic("SOP121", f"procedures extend one another in a circle: {circle}", place)]
    path = shelf.sops.get(name)
    if path is None:
        hint = did_you_mean(name, list(shelf.sops), "procedures")
        return None, [Diagnostic("SOP120", f'there is no procedure "{name}" to extend', place, hint)]
    loaded, faults = shelf.loaded.get(path) or _load(path, shelf, chain)
    if loaded is not None:
        shelf.loaded[path] = loaded, faults
    circle_below = [one.message for one in faults if one.code == "SOP121"]
    if circle_below:
        return None, [Diagnostic("SOP121", circle_below[0], place)]
    errors = [one for one in faults if one.severity is Severity.ERROR]
    if loaded is None or errors:
        message = f'"{name}" has faults itself ({len(errors)}), so nothing can be built on it'
        return None, [Diagnostic("SOP124", message, place, f"mend them first: passerelle sop check {path}")]
    return loaded, []


def _text(node: Node | None) -> str:
    return node.value if node is not None and isinstance(node.value, str) else ""


def _named_twice(sop: Sop, marks: Marks) -> list[Diagnostic]:
    """Find safeguards of one id: a variant or a report could not say which is meant."""
    found: list[Diagnostic] = []
    seen: set[str] = set()
    for number, one in enumerate(sop.safeguards):
        if isinstance(one, Safeguard) and one.id in seen:
            place = marks.value(("safeguards", number, "id"))
            found.append(
                Diagnostic("SOP110", f'safeguard "{one.id}" stands twice', place, "give one of the two another id")
            )
        elif isinstance(one, Safeguard):
            seen.add(one.id)
    return found
