"""Definitions changed in their files: laid out anew, a variant begun.

A file is written whole or not at all: beside the old one, then put in its place, with the rights the old one had.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.application.procedures import NotSound, check
from engine.diagnostics import Diagnostic, did_you_mean
from engine.errors import UnknownName, WrongUse
from engine.sop.formatting import formatted
from engine.sop.layer import Layer
from engine.sop.shelf import Shelf, find_root, read_file
from engine.sop.variant import new_variant


@dataclass(frozen=True, slots=True)
class Layout:
    """Whether a file had the one layout already; one with faults was left alone."""

    path: Path
    was_kept: bool
    faults: Sequence[Diagnostic] = ()


def lay_out(path: Path, *, write: bool) -> list[Layout]:
    """Lay out one definition, or all below a folder; without `write` only look.

    Raises:
        UnknownName: there is no such file or folder, or no definition in it.
        WrongUse: a file can't be written.
    """
    if not path.exists():
        raise UnknownName(f'There is no file or folder "{path}".')
    files = [path]
    if path.is_dir():
        files = sorted(one for one in path.rglob("*.y*ml") if one.suffix in (".yaml", ".yml") and one.is_file())
    if not files:
        raise UnknownName(f'There is no definition in "{path}".')
    return [_lay_out(one, write) for one in files]


def _lay_out(path: Path, write: bool) -> Layout:
    source, faults = read_file(path)
    if source is None or faults:
        return Layout(path, False, faults)
    text, faults = formatted(source.text, str(path))
    if text is None:
        return Layout(path, False, faults)
    data = text.encode()
    was_kept = data == path.read_bytes()
    if write and not was_kept:
        replace_file(path, data)
    return Layout(path, was_kept)


def begin_variant(
    id: str, base: str, definitions: Path, destination: Sequence[str], origin: Sequence[str], output: Path | None,
    layers: Sequence[str] = (),
) -> str:  # fmt: skip
    """Return the text of a variant to start from, and write it to `output` if one is named.

    Args:
        base: the file of the procedure that it extends, or the id of one in the folder `definitions`.
        layers: ids of country layers beside the base; their countries need not be named.

    Raises:
        UnknownName: there is no such procedure or layer.
        WrongUse: the id or a country is none, a layer does not fit, the id is taken, or the file is there already, lies
            where the base is not found, or can't be written.
        NotSound: the base has faults.
    """
    path = Path(base)
    if not path.is_file():
        shelf, _ = Shelf.of(definitions)
        if base not in shelf.sops:
            hint = did_you_mean(base, list(shelf.sops), "procedures")
            raise UnknownName(f'There is no file and no procedure "{base}".', [hint])
        path = shelf.sops[base]
    (checked,) = check(path)
    if checked.file is None or not checked.is_sound:
        raise NotSound(f"{path} has faults; mend them before anything is built on it.", checked.drawn())
    taken = checked.file.shelf.sops.get(id)
    if taken is not None:
        raise WrongUse(f'There is a procedure "{id}" already: {taken}')
    if output is not None and output.exists():
        raise WrongUse(f"{output} is there already; nothing was written.")
    if output is not None:
        beside = Shelf.of(find_root(output))[0].sops.get(checked.file.sop.sop)
        if beside is None or beside.resolve() != path.resolve():
            raise WrongUse(f"{output} could not extend {path} from there.", [f"put it into {path.parent}"])
    laid = _layers(layers, checked.file.shelf)
    name = output.name if output is not None else f"{id}.yaml"
    text = new_variant(id, checked.file, destination, origin, name, laid)
    if output is not None:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as why:
            raise WrongUse(f"{output} can't be written: {why.strerror}") from None
    return text


def _layers(named: Sequence[str], shelf: Shelf) -> list[Layer]:
    laid: list[Layer] = []
    for name in named:
        if name not in shelf.layers:
            raise UnknownName(f'There is no layer "{name}".', [did_you_mean(name, list(shelf.layers), "layers")])
        laid.append(shelf.layers[name][0])
    return laid


def replace_file(path: Path, data: bytes) -> None:
    """Put new content in the place of a file, in one step; raises WrongUse where it can't be written."""
    path = path.resolve()
    try:
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as why:
        raise WrongUse(f"{path} can't be written: {why.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, path.stat().st_mode & 0o7777)
        os.replace(beside, path)
    except OSError as why:
        Path(beside).unlink(missing_ok=True)
        raise WrongUse(f"{path} can't be written: {why.strerror}") from None
