"""Two procedures side by side, each a file, the id of one among the definitions, or a published version (`adult-return@2`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.analysis.comparison import Change, compare
from engine.application.ports import SopVersion
from engine.application.procedures import NotSound, check, find_version
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, WrongUse
from engine.forms.model import Form
from engine.settings import DEFINITIONS
from engine.sop.canonical import from_canonical
from engine.sop.model import Sop
from engine.sop.shelf import Shelf

_ID: Final = re.compile(r"[a-z][a-z0-9-]*")
_VERSION: Final = re.compile(r"(?P<sop>[a-z][a-z0-9-]*)@(?P<number>[1-9][0-9]*)")


def compare_named(
    old: str,
    new: str,
    versions: Callable[[], Sequence[SopVersion]],
    language: str,
    definitions: Path = DEFINITIONS,
) -> list[Change]:
    """Return what changes from one procedure to the other; `versions` is asked only when one is a published version.

    Args:
        definitions: the folder in which a procedure named by its id is looked for.
    Raises:
        UnknownName: there is no such file, procedure or version.
        WrongUse: a folder is named.
        NotSound: a file has faults, so that what it means can't be said.
    """
    before, now = _read(old, definitions, versions), _read(new, definitions, versions)
    return compare(*before, *now, language)


def _read(
    named: str, definitions: Path, versions: Callable[[], Sequence[SopVersion]]
) -> tuple[Sop, Mapping[str, Form]]:
    version = _VERSION.fullmatch(named)
    if version is not None and not Path(named).exists():
        return _published(version["sop"], int(version["number"]), versions())
    path = Path(named)
    if not path.exists() and _ID.fullmatch(named):
        shelf, _ = Shelf.of(definitions)
        if named not in shelf.sops:
            hint = did_you_mean(named, list(shelf.sops), "procedures")
            raise UnknownName(f'There is no file and no procedure "{named}".', [hint])
        path = shelf.sops[named]
    if path.is_dir():
        raise WrongUse(f"{path} is a folder: name one procedure.")
    (checked,) = check(path)
    if checked.file is None or not checked.is_sound:
        raise NotSound(f"{path} can't be compared: it has faults.", checked.drawn())
    return checked.file.sop, checked.file.shelf.forms


def _published(sop: str, number: int, versions: Sequence[SopVersion]) -> tuple[Sop, Mapping[str, Form]]:
    return from_canonical(find_version(versions, sop, number).content)
