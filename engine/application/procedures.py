"""Procedures: checked and frozen as versions, compiled once, found again by their content hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.actors.load import check_actors
from engine.application.ports import SopVersion, Store
from engine.clock import Clock
from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.errors import NotAllowed, UnknownName
from engine.notifications.words import check_words
from engine.sop.canonical import canonical, content_hash, from_canonical
from engine.sop.check import check_file
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf, SopFile, find_root
from engine.sop.shelf import lines_of


class NotSound(NotAllowed):
    """A procedure has faults; `details` holds each, drawn at its place."""

    code = "not_sound"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, checked: the procedure if it could be loaded, and all that was found, in order."""

    path: Path
    file: SopFile | None
    found: Sequence[Diagnostic]

    @property
    def is_sound(self) -> bool:
        return self.file is not None and not any(one.severity is Severity.ERROR for one in self.found)

    def drawn(self) -> list[str]:
        """Return each finding as a block with its line and a caret."""
        return drawn(self.found)


def drawn(found: Sequence[Diagnostic]) -> list[str]:
    """Draw each diagnostic with the line of its file; each file is read once."""
    lines = {file: lines_of(Path(file)) for file in {one.place.file for one in found}}
    return [one.draw("".join(lines[one.place.file][one.place.line - 1 : one.place.line])) for one in found]


def check(path: Path) -> list[Checked]:
    """Check one procedure, or all in a folder (those in its `sops` too); the faults of what stands beside come with the first.

    Raises:
        UnknownName: there is no such file or folder, or no procedure in it.
    """
    if not path.exists():
        raise UnknownName(f'There is no file or folder "{path}".')
    root = find_root(path)
    shelf, beside = Shelf.of(root)
    if path.is_dir():
        beside = [*beside, *_desks_and_words(root)]
    folder = path / "sops" if (path / "sops").is_dir() else path
    files = sorted(folder.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise UnknownName(f'There is no procedure in "{path}".')
    checked = []
    for number, file in enumerate(files):
        loaded, found = check_file(file, shelf)
        checked.append(Checked(file, loaded, [*beside, *found] if number == 0 else found))
    return checked


def _desks_and_words(root: Path) -> list[Diagnostic]:
    """Find what is wrong with the desks and with the words of messages in a folder of definitions."""
    found = [fault for file in sorted((root / "actors").glob("*.yaml")) for fault in check_actors(file)]
    return found + (check_words(root / "messages") if (root / "messages").is_dir() else [])


class Procedures:
    """The published versions; compiled ones are kept in memory, for they never change."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._compiled: dict[str, CompiledSop] = {}

    def publish(self, path: Path) -> SopVersion:
        """Freeze a procedure as a version; one that is published already stays as it is.

        Raises:
            NotSound: it has faults.
        """
        checked = check(path)
        faults = [text for one in checked if not one.is_sound for text in one.drawn()]
        if faults:
            raise NotSound(f"{path} can't be published: it has faults.", faults)
        return [self._freeze(one.file) for one in checked if one.file is not None][-1]

    def _freeze(self, file: SopFile) -> SopVersion:
        content = canonical(file.sop, file.shelf.forms)
        hashed = content_hash(content)
        known = self._store.version(hashed)
        if known is not None:
            return known
        numbers = [one.number for one in self._store.versions() if one.sop == file.sop.sop]
        version = SopVersion(file.sop.sop, max(numbers, default=0) + 1, hashed, content, self._clock.now())
        self._store.save_version(version)
        return version

    def latest(self, sop: str) -> CompiledSop:
        """Return the newest version of a procedure; raises UnknownName."""
        versions = self._store.versions()
        own = [one for one in versions if one.sop == sop]
        if not own:
            hint = did_you_mean(sop, sorted({one.sop for one in versions}), "published procedures")
            raise UnknownName(f'No procedure "{sop}" is published.', [hint, "publish one: passerelle sop publish PATH"])
        return self.compiled(own[-1].hash)

    def compiled(self, version: str) -> CompiledSop:
        """Return a version by its content hash; raises UnknownName."""
        known = self._compiled.get(version)
        if known is None:
            stored = self._store.version(version)
            if stored is None:
                raise UnknownName(f'There is no version "{version[:12]}" of any procedure.')
            sop, forms = from_canonical(stored.content)
            known = self._compiled[version] = compile_sop(sop, forms, version)
        return known
