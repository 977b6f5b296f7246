"""Two procedures side by side, each a file or a published version (`adult-return@2`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from engine.analysis.comparison import Change, compare
from engine.application.ports import SopVersion
from engine.application.procedures import NotSound, check, find_version
from engine.errors import WrongUse
from engine.forms.model import Form
from engine.sop.canonical import from_canonical
from engine.sop.model import Sop

_VERSION: Final = re.compile(r"(?P<sop>[a-z][a-z0-9-]*)@(?P<number>[1-9][0-9]*)")


def compare_named(old: str, new: str, versions: Callable[[], Sequence[SopVersion]], language: str) -> list[Change]:
    """Return what changes from one procedure to the other; `versions` is asked only when one is a published version.

    Raises:
        UnknownName: there is no such file or version.
        WrongUse: a folder is named.
        NotSound: a file has faults, so that what it means can't be said.
    """
    before, now = _read(old, versions), _read(new, versions)
    return compare(*before, *now, language)


def _read(named: str, versions: Callable[[], Sequence[SopVersion]]) -> tuple[Sop, Mapping[str, Form]]:
    version = _VERSION.fullmatch(named)
    if version is not None and not Path(named).exists():
        return _published(version["sop"], int(version["number"]), versions())
    path = Path(named)
    if path.is_dir():
        raise WrongUse(f"{path} is a folder: name one procedure.")
    (checked,) = check(path)
    if checked.file is None or not checked.is_sound:
        raise NotSound(f"{path} can't be compared: it has faults.", checked.drawn())
    return checked.file.sop, checked.file.shelf.forms


def _published(sop: str, number: int, versions: Sequence[SopVersion]) -> tuple[Sop, Mapping[str, Form]]:
    return from_canonical(find_version(versions, sop, number).content)
