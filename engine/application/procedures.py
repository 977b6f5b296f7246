"""Procedures: checked and frozen as versions, compiled once, found again by their content hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from engine.actors.load import check_actors
from engine.analysis.model_check import Budget, Proof, Verdict, prove
from engine.analysis.report import hint, is_binding, path, remedy, summary
from engine.application.ports import SopVersion, Store
from engine.clock import Clock
from engine.diagnostics import Diagnostic, Severity, did_you_mean
from engine.errors import NotAllowed, UnknownName
from engine.notifications.words import check_words
from engine.sop.canonical import behaviour, canonical, content_hash, from_canonical
from engine.sop.check import check_file
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf, SopFile, find_root
from engine.sop.model import Safeguard, Sop
from engine.sop.shelf import definitions_in, lines_of


class NotSound(NotAllowed):
    """A procedure has faults; `details` holds each, drawn at its place."""

    code = "not_sound"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, checked: the procedure if it could be loaded, and all that was found, in order.

    `proofs`: what is known of each safeguard; empty until it is asked for (`proved`), and where the file has faults.
    """

    path: Path
    file: SopFile | None
    found: Sequence[Diagnostic]
    proofs: Sequence[Proof] = ()

    @property
    def is_sound(self) -> bool:
        return self.is_well_formed and all(one.is_good for one in self.proofs)

    @property
    def is_well_formed(self) -> bool:
        return self.file is not None and not any(one.severity is Severity.ERROR for one in self.found)

    def findings(self, binding_only: bool = False) -> list[tuple[Diagnostic, Proof]]:
        """Return each safeguard that does not hold, as a diagnostic at its place; `binding_only`: of law or soft law."""
        if self.file is None:
            return []
        numbers = {one.id: n for n, one in enumerate(self.file.sop.safeguards) if isinstance(one, Safeguard)}
        return [
            (
                Diagnostic(
                    CODES[one.verdict], summary(one), self.file.marks.value(("safeguards", numbers[one.safeguard.id], "id")),
                    hint(one),
                ),
                one,
            )
            for one in self.proofs
            if not one.is_good and (is_binding(one.safeguard) or not binding_only)
        ]  # fmt: skip

    def told(self, found: Diagnostic, proof: Proof, sop: CompiledSop) -> str:
        """Return a safeguard that does not hold as a block: its line, the path to the harm, and where it could be stopped."""
        block = drawn([found])
        if proof.counterexample:
            block.append(f"    {'The shortest' if proof.is_shortest else 'The shortest found'} path to it:")
            block += [f"      {line}" for line in path(proof, sop)]
        if proof.stops and self.file is not None:
            place = self.file.marks.key(proof.stops)
            block.append(f"    It could be stopped at {place.file}:{place.line}:{place.column} ({proof.stops[-1]}).")
        for written, sentence in remedy(proof, sop):
            block += [f"    What would stop it: - {written}", f"      {sentence}"]
        return "\n".join(block)

    def drawn(self) -> list[str]:
        """Return each finding as a block with its line and a caret."""
        blocks = drawn(self.found)
        if self.file is not None and any(not one.is_good for one in self.proofs):
            sop = compile_sop(self.file.sop, self.file.shelf.forms, "")
            blocks += [self.told(found, proof, sop) for found, proof in self.findings()]
        return blocks


CODES = {Verdict.BROKEN: "SOP501", Verdict.UNDECIDED: "SOP502", Verdict.VACUOUS: "SOP503"}
"""What a safeguard that does not hold is called among the findings."""


class Proofs:
    """Decides the safeguards of one procedure after another; what differs in words and countries alone is explored once.

    Only what holds is taken over: a path to a harm is told in the words of its own procedure.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._known: dict[str, Sequence[Proof]] = {}

    def of(self, checked: Checked) -> Checked:
        """Decide every safeguard of a checked procedure; one with faults is left as it is."""
        if checked.file is None or not checked.is_well_formed:
            return checked
        sop, forms = checked.file.sop, checked.file.shelf.forms
        key = content_hash(behaviour(sop, forms))
        known = self._known.get(key)
        if known is None:
            proofs = prove(compile_sop(sop, forms, ""), self._budget)
            if all(one.is_good for one in proofs):
                self._known[key] = proofs
            return replace(checked, proofs=proofs)
        own = (one for one in sop.safeguards if isinstance(one, Safeguard))
        return replace(
            checked, proofs=[replace(one, safeguard=safeguard) for one, safeguard in zip(known, own, strict=True)]
        )


def proved(checked: Checked, budget: Budget | None = None) -> Checked:
    """Decide every safeguard of one checked procedure; one with faults is left as it is."""
    return Proofs(budget).of(checked)


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
    files = definitions_in(folder) if path.is_dir() else [path]
    if not files:
        raise UnknownName(f'There is no procedure in "{path}".')
    checked = [Checked(file, *check_file(file, shelf)) for file in files]
    if path.is_dir():
        beside += _not_taken_up(shelf, checked)
    return [replace(checked[0], found=[*beside, *checked[0].found]), *checked[1:]]


def _not_taken_up(shelf: Shelf, checked: Sequence[Checked]) -> Iterator[Diagnostic]:
    """Warn of each country layer on which no procedure is built: its parts are judged only where they are merged."""
    used = {name for one in checked if one.file is not None for name in one.file.layers}
    if any(one.file is None for one in checked):  # it may be the one
        return
    for name, (layer, source) in shelf.layers.items():
        if name not in used:
            message = f'no procedure takes up the layer "{name}", so nothing in it was checked'
            hint = f"add it to the `layers` of a procedure that goes {_WAY[layer.side]} {layer.country}, or remove it"
            yield Diagnostic("SOP127", message, source.marks.value(("layer",)), hint, Severity.WARNING)


_WAY: Final = {"destination": "from", "origin": "to"}


def _desks_and_words(root: Path) -> list[Diagnostic]:
    """Find what is wrong with the desks and with the words of messages in a folder of definitions."""
    found = [fault for file in sorted((root / "actors").glob("*.yaml")) for fault in check_actors(file)]
    return found + (check_words(root / "messages") if (root / "messages").is_dir() else [])


class Procedures:
    """The published versions; compiled ones are kept in memory, for they never change."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._compiled: dict[str, CompiledSop] = {}
        self._proofs = Proofs()

    def publish(self, path: Path) -> SopVersion:
        """Freeze a procedure as a version; one that is published already stays as it is.

        Raises:
            NotSound: it has faults, or a safeguard of law or soft law is broken or undecided.
        """
        return self.publish_all(path)[-1]

    def publish_all(self, path: Path) -> list[SopVersion]:
        """Freeze one procedure, or all of a folder, or none where one of them is refused. Raises NotSound."""
        checked = check(path)
        faults = [text for one in checked if not one.is_sound for text in one.drawn()]
        if faults:
            raise NotSound(f"{path} can't be published: it has faults.", faults)
        for one in checked:
            self._refuse_what_breaks_a_right(one)
        return [self._freeze(one.file) for one in checked if one.file is not None]

    def _refuse_what_breaks_a_right(self, checked: Checked) -> None:
        """Raise NotSound where a safeguard of law or soft law does not hold; a version that is published was proved then."""
        file = checked.file
        if file is None or self._store.version(content_hash(canonical(file.sop, file.shelf.forms))) is not None:
            return
        ready = self._proofs.of(checked)
        sop = compile_sop(file.sop, file.shelf.forms, "")
        wrong = [
            ready.told(found, proof, sop)
            for found, proof in ready.findings(binding_only=True)
            if proof.verdict in (Verdict.BROKEN, Verdict.UNDECIDED)
        ]
        if wrong:
            raise NotSound(f"{checked.path} can't be published: a right is not safe on every path.", wrong)

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

    def all_latest(self) -> list[Sop]:
        """Return the newest version of each published procedure."""
        newest = {one.sop: one.hash for one in self._store.versions()}
        return [self.compiled(version).sop for version in newest.values()]

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
