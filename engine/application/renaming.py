"""A step, an action, a form, a role or a fact gets another name, everywhere it is used, or nowhere.

What is to be written is looked at first: the changed files are laid beside copies of the others and checked, so that a name
which would come to mean something else is refused before anything is changed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.application.editing import replace_file
from engine.application.procedures import NotSound, drawn
from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.errors import NotAllowed, UnknownName, WrongUse
from engine.forms.model import NAME
from engine.sop import model as m
from engine.sop.check import check_file
from engine.sop.load import SopFile, load_sop
from engine.sop.renaming import (
    Occurrence,
    Renamed,
    declared_in,
    in_desks,
    in_form,
    in_safeguard,
    in_scenario,
    names_of,
    used_in,
)
from engine.sop.shelf import Shelf, definitions_in, find_root, read_file
from engine.source import Node
from engine.values import Kind, Side

_KEPT: Final = {
    Renamed.STEP: frozenset({m.STAY, m.RESUME}),
    Renamed.ROLE: frozenset({m.ANY, m.SYSTEM, m.ENVIRONMENT, *Side, *Kind}),
}
"""Words that mean something else where such a name can stand."""

_FOLDERS: Final = ("forms", "documents", "safeguards", "layers", "sops", "scenarios", "actors", "messages")


class CantBeRenamed(NotAllowed):
    """A name can't be changed here, or not to this one; nothing was written."""

    code = "cant_be_renamed"


@dataclass(frozen=True, slots=True)
class Renaming:
    """What is to be written: the places, in order; new content by file; and what a person has to see to, in sentences."""

    places: Sequence[Occurrence]
    files: Mapping[Path, bytes]
    notes: Sequence[str]

    def apply(self) -> None:
        """Write all files; if one can't be written, put those before it back and raise WrongUse."""
        before: dict[Path, bytes] = {}
        try:
            for path, data in self.files.items():
                old = path.read_bytes()
                replace_file(path, data)
                before[path] = old
        except (OSError, WrongUse):
            for path, data in before.items():
                replace_file(path, data)
            raise


def plan_renaming(path: Path, kind: Renamed, old: str, new: str) -> Renaming:
    """Find every place at which a name is to be changed, and see that the procedures stay sound.

    Raises:
        UnknownName: there is no such file, or the procedure knows no such name.
        WrongUse: the new name is not written like a name.
        NotSound: a procedure that is concerned has faults already.
        CantBeRenamed: the new name is taken, or the old one belongs to another file.
    """
    if not path.is_file():
        raise UnknownName(f'There is no file "{path}".', ["name one procedure’s file"] if path.is_dir() else [])
    if not re.fullmatch(NAME, new):
        raise WrongUse(f'"{new}" is not written like a name: small letters, digits and underscores, a letter first')
    root = find_root(path)
    shelf, _ = Shelf.of(root)
    concerned = _concerned(path, kind, shelf)
    first = concerned[0]
    known = names_of(kind, first)
    if old not in known:
        raise UnknownName(f'{first.sop.sop} has no {kind} "{old}".', [did_you_mean(old, known, f"{kind}s")])
    _see_that_it_is_free(kind, new, concerned)
    if kind is not Renamed.FORM:
        _see_that_it_is_its_own(kind, old, first, shelf)
    places, notes = _places(kind, old, concerned, root)
    _see_that_nothing_shared_names_it(kind, places, root)
    _see_that_no_layer_is_shared(kind, places, concerned, shelf)
    files = _written(places, old, new)
    _see_that_it_stays_sound(kind, old, new, files, concerned, root)
    return Renaming(places, files, notes)


def _concerned(path: Path, kind: Renamed, shelf: Shelf) -> list[SopFile]:
    """Load the procedure and those built on it, at any remove; for a form, which belongs to all, every procedure."""
    files = [path, *(one for one in shelf.sops.values() if one.resolve() != path.resolve())]
    based = {one: _word(one, "extends") for one in files}
    names = {_word(path, "sop")}
    chosen = [path]
    while kind is not Renamed.FORM:
        more = [one for one in files if one not in chosen and based[one] in names and based[one]]
        if not more:
            break
        chosen += more
        names |= {_word(one, "sop") for one in more}
    loaded = []
    for one in files if kind is Renamed.FORM else chosen:
        sop, found = load_sop(one, shelf)
        faults = _errors(found)
        if sop is None or faults:
            raise NotSound(f"{one} has faults; mend them before a name is changed.", drawn(faults))
        loaded.append(sop)
    return loaded


def _word(path: Path, key: str) -> str:
    root = _root(path)
    node = root.child(key) if root is not None else None
    return str(node.value) if node is not None else ""


def _root(path: Path) -> Node | None:
    source, _ = read_file(path)
    return source.marks.root if source is not None else None


def _see_that_it_is_free(kind: Renamed, new: str, concerned: Iterable[SopFile]) -> None:
    if new in _KEPT.get(kind, ()):
        raise CantBeRenamed(f'"{new}" means something else where a {kind} is named.')
    apart = (
        (Renamed.STEP, Renamed.ACTION) if kind in (Renamed.STEP, Renamed.ACTION) else (kind,)
    )  # `since` names either
    for file in concerned:
        for other in apart:
            if new in names_of(other, file):
                raise CantBeRenamed(f'{file.sop.sop} has a {other} "{new}" already.')


def _see_that_it_is_its_own(kind: Renamed, old: str, file: SopFile, shelf: Shelf) -> None:
    """A name that a variant has from what it extends is changed there, for all that are built on it."""
    based = _word(Path(file.file), "extends")
    base = load_sop(shelf.sops[based], shelf)[0] if based else None
    if base is not None and old in names_of(kind, base):
        raise CantBeRenamed(
            f'{file.sop.sop} has {kind} "{old}" from {base.sop.sop}.', [f"change it there: {base.file}"]
        )


def _places(kind: Renamed, old: str, concerned: Sequence[SopFile], root: Path) -> tuple[list[Occurrence], list[str]]:
    found = [one for file in concerned for one in used_in(kind, old, file)]
    for file in concerned:
        written = _root(Path(file.file))
        found += declared_in(kind, old, written) if written is not None else ()
        for layer in file.layers:
            found += declared_in(kind, old, file.shelf.layers[layer][1].marks.root)
    ids = {file.sop.sop for file in concerned}
    for _, node in _beside(root, "scenarios"):
        told = node.child("sop")
        if kind is Renamed.FORM or (told is not None and told.value in ids):
            found += in_scenario(kind, old, node)
    notes = [
        f"{path} can't be read and stays as it is"
        for folder in ("scenarios", "actors", "forms", "safeguards")
        for path in definitions_in(root / folder)
        if _root(path) is None
    ]
    if kind is Renamed.FORM:
        found += [one for _, node in _beside(root, "forms") for one in in_form(old, node)]
        found += [one for _, node in _beside(root, "safeguards") for one in in_safeguard(old, node)]
        notes += [f"{path} keeps its file name" for path, _ in _beside(root, "forms") if path.stem == old]
    if kind is Renamed.ROLE:
        desks = [one for _, node in _beside(root, "actors") for one in in_desks(old, node)]
        others = _others_with_role(old, ids, root) if desks else []
        if others:
            notes.append(
                f'{len(desks)} desks stand for "{old}" in {", ".join(others)} too and stay as they are; add the new role to them'
            )
        else:
            found += desks
    return _each_once(found), notes


def _beside(root: Path, folder: str) -> Iterator[tuple[Path, Node]]:
    for path in definitions_in(root / folder):
        node = _root(path)
        if node is not None:
            yield path, node


def _others_with_role(role: str, ids: set[str], root: Path) -> list[str]:
    shelf, _ = Shelf.of(root)
    others = {name: load_sop(path, shelf)[0] for name, path in shelf.sops.items() if name not in ids}
    return sorted(name for name, file in others.items() if file is not None and role in file.sop.roles)


def _each_once(found: Iterable[Occurrence]) -> list[Occurrence]:
    """Drop places found more than once: a variant has those of its base too."""
    by_place = {
        (Path(one.place.file).resolve(), one.place.line, one.place.column): one for one in reversed(list(found))
    }
    return sorted(by_place.values())


def _see_that_nothing_shared_names_it(kind: Renamed, places: Iterable[Occurrence], root: Path) -> None:
    shared = (root / "safeguards").resolve()
    inside = [one.place for one in places if Path(one.place.file).resolve().parent == shared]
    if inside and kind is not Renamed.FORM:
        where = [f"{one.file}:{one.line}:{one.column}" for one in inside]
        message = f"A shared safeguard names this {kind} itself, and other procedures may take it up."
        raise CantBeRenamed(message, [*where, "put a placeholder ($…) there, and bind it with `where`"])


def _see_that_no_layer_is_shared(
    kind: Renamed, places: Iterable[Occurrence], concerned: Sequence[SopFile], shelf: Shelf
) -> None:
    """A layer that names it may be laid on a procedure which is not built on this one, and would no longer fit there."""
    files = {Path(one.place.file).resolve() for one in places}
    named = {name for name, (_, source) in shelf.layers.items() if Path(source.marks.file).resolve() in files}
    known = {file.sop.sop for file in concerned}
    for name, path in shelf.sops.items():
        other = load_sop(path, shelf)[0] if named and name not in known else None
        both = named.intersection(other.layers) if other is not None else ()
        if both:
            listed = ", ".join(sorted(both))
            message = (
                f"A layer names this {kind}, and {name}, which is not built on this procedure, takes it up: {listed}."
            )
            raise CantBeRenamed(message, ["take the name out of the layer first, or give the other procedure its own"])


def _written(places: Iterable[Occurrence], old: str, new: str) -> dict[Path, bytes]:
    """Put the new name at each place, from the end of each file to its beginning."""
    by_file: dict[Path, list[Occurrence]] = {}
    for one in places:
        by_file.setdefault(Path(one.place.file).resolve(), []).append(one)
    return {path: _with_name(path, found, old, new) for path, found in by_file.items()}


def _with_name(path: Path, found: list[Occurrence], old: str, new: str) -> bytes:
    text = path.read_bytes().decode("utf-8")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text[len(mark) :]
    begins = [0, *(one.end() for one in re.finditer("\r\n|[\r\n\u0085]", text))]
    for one in reversed(found):
        at = begins[one.place.line - 1] + one.place.column - 1
        name = re.compile(f"([\"']?){old}(?![a-z0-9_])").match(text, at)
        if name is None:
            place = f"{path}:{one.place.line}:{one.place.column}"
            raise CantBeRenamed(f'"{old}" is written in an unusual way.', [f"write it as one plain word: {place}"])
        text = text[:at] + name[1] + new + text[name.end() :]
    return (mark + text).encode()


def _see_that_it_stays_sound(
    kind: Renamed, old: str, new: str, files: Mapping[Path, bytes], concerned: Iterable[SopFile], root: Path
) -> None:
    """Check the changed files among copies of the others: each use is a use of the new name, and no fault has come."""
    root = root.resolve()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for one in definitions_in(root):
            shutil.copy(one, copy / one.name)
        for name in _FOLDERS:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name)
        for path, data in files.items():
            (copy / path.relative_to(root)).write_bytes(data)
        shelf, _ = Shelf.of(copy)
        for file in concerned:
            path = Path(file.file).resolve().relative_to(root)
            before, after = check_file(root / path, file.shelf), check_file(copy / path, shelf)
            faults = _errors(after[1])
            if after[0] is None or len(faults) > len(_errors(before[1])):
                raise CantBeRenamed(f"{file.sop.sop} would have faults then.", [one.message for one in faults])
            if len(list(used_in(kind, old, file))) != len(list(used_in(kind, new, after[0]))):
                raise CantBeRenamed(f'In {file.sop.sop}, "{new}" would mean something else as well.')


def _errors(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [one for one in found if one.severity is Severity.ERROR]
