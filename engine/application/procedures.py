"""Procedures: checked and frozen as versions, compiled once, found again by their content hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

from engine.actors.load import check_actors
from engine.analysis.explanation import Explanation, explain
from engine.analysis.model_check import Budget, Proof, Verdict, prove
from engine.analysis.report import hint, is_binding, path, remedy, summary
from engine.analysis.uninterrupted import uninterrupted
from engine.application.calendar_needs import calendar_findings, calendars_beside
from engine.application.ports import RecordedProof, SopVersion, Store
from engine.calendars.almanac import Almanac
from engine.calendars.load import load_calendar
from engine.clock import Clock
from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean, in_order
from engine.errors import NotAllowed, UnknownName
from engine.notifications.words import check_words
from engine.sop.canonical import behaviour, canonical, content_hash, from_canonical
from engine.sop.check import check_file
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import BUILT_ON_FAULTS, IN_A_CIRCLE, Shelf, SopFile, find_root
from engine.sop.model import Safeguard, Sop
from engine.sop.shelf import definitions_in, lines_of


class NotSound(NotAllowed):
    """A procedure has faults; `details` holds each, drawn at its place."""

    code = "not_sound"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, checked: the procedure if it could be loaded, and all that was found, in order.

    `proofs`: what is known of each safeguard; empty until it is asked for (`proved`), and where the file has faults.
    `elsewhere`: errors that it has too, but that stand, and are told, in another file of the same run.
    """

    path: Path
    file: SopFile | None
    found: Sequence[Diagnostic]
    proofs: Sequence[Proof] = ()
    elsewhere: int = 0

    @property
    def is_sound(self) -> bool:
        return self.is_well_formed and all(one.is_good for one in self.proofs)

    @property
    def is_well_formed(self) -> bool:
        return self.file is not None and not self.elsewhere and not _errors(self.found)

    def findings(self, binding_only: bool = False) -> list[tuple[Diagnostic, Proof]]:
        """Return each safeguard that does not hold, as a diagnostic at its place; `binding_only`: of law or soft law."""
        if self.file is None:
            return []
        found = []
        for one in self.proofs:
            if not one.is_good and (is_binding(one.safeguard) or not binding_only):
                place, written = self.places_of(one)
                also = () if written == place else (written,)
                found.append((Diagnostic(CODES[one.verdict], summary(one), place, hint(one), also=also), one))
        return found

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

    def places_of(self, proof: Proof) -> tuple[Place, Place]:
        """Return where a safeguard stands in the procedure, and where it is written: for a shared one, in its file."""
        assert self.file is not None
        ids = [getattr(one, "id", None) for one in self.file.sop.safeguards]
        return self.file.place_of(ids.index(proof.safeguard.id))

    def drawn(self) -> list[str]:
        """Return each finding as a block with its line and a caret."""
        blocks = drawn(self.found)
        if self.file is not None and any(not one.is_good for one in self.proofs):
            sop = compile_sop(self.file.sop, self.file.shelf.forms, "")
            blocks += [self.told(found, proof, sop) for found, proof in self.findings()]
        return blocks


CODES = {Verdict.BROKEN: "SOP501", Verdict.UNDECIDED: "SOP502", Verdict.VACUOUS: "SOP503"}
"""What a safeguard that does not hold is called among the findings."""

MEANINGS = {
    CODES[Verdict.BROKEN]: "a safeguard is broken: a path leads to the harm",
    CODES[Verdict.UNDECIDED]: 'a safeguard could not be decided, which is never taken for "holds"',
    CODES[Verdict.VACUOUS]: "a safeguard protects nothing: what it speaks of can never happen",
}
"""What each of these codes means."""


def explained(checked: Checked) -> list[Explanation]:
    """Say of each safeguard that was decided what guards it, or why it is undecided."""
    if checked.file is None or not checked.proofs:
        return []
    return explain(compile_sop(checked.file.sop, checked.file.shelf.forms, ""), checked.proofs)


class Proofs:
    """Decides the safeguards of one procedure after another; what does not differ in its behaviour is explored once.

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


def check(path: Path, today: date | None = None) -> list[Checked]:
    """Check one procedure, or all in a folder (those in its `sops` too); the faults of what stands beside come with the first.

    Args:
        today: tells also of calendars that end soon; None leaves out what depends on the day.
    Raises:
        UnknownName: there is no such file or folder, or no procedure in it.
    """
    if not path.exists():
        raise UnknownName(f'There is no file or folder "{path}".')
    root = find_root(path)
    shelf, beside = Shelf.of(root)
    if path.is_dir():
        beside = [*beside, *_desks_calendars_and_words(root)]
    folder = path / "sops" if (path / "sops").is_dir() else path
    files = definitions_in(folder) if path.is_dir() else [path]
    if not files:
        raise UnknownName(f'There is no procedure in "{path}".')
    almanac = calendars_beside(path)
    checked = [_checked(file, shelf, almanac, today) for file in files]
    if path.is_dir():
        beside += _not_taken_up(shelf, checked)
        checked = _each_told_once(checked)
    named = {str(one.path) for one in checked}
    own = [
        replace(one, found=in_order([*(b for b in beside if b.place.file == str(one.path)), *one.found]))
        for one in checked
    ]
    return [replace(own[0], found=[*(b for b in beside if b.place.file not in named), *own[0].found]), *own[1:]]


def _checked(file: Path, shelf: Shelf, almanac: Almanac, today: date | None) -> Checked:
    with uninterrupted():
        loaded, found = check_file(file, shelf)
        if loaded is not None:
            found = in_order([*found, *calendar_findings(loaded, almanac, today)])
        return Checked(file, loaded, found)


def _not_taken_up(shelf: Shelf, checked: Sequence[Checked]) -> Iterator[Diagnostic]:
    """Warn of each country layer on which no procedure is built: its parts are judged only where they are merged."""
    if any(one.file is None for one in checked):  # it may be the one
        return
    used = {name for one in checked if one.file is not None for name in one.file.layers}
    for name, (layer, source) in shelf.layers.items():
        if name not in used:
            message = f'no procedure takes up the layer "{name}", so nothing in it was checked'
            hint = f"add it to the `layers` of a procedure that goes {_WAY[layer.side]} {layer.country}, or remove it"
            yield Diagnostic("SOP127", message, source.marks.value(("layer",)), hint, Severity.WARNING)


_WAY: Final = {"destination": "from", "origin": "to"}


def _each_told_once(checked: Sequence[Checked]) -> list[Checked]:
    """Leave out what stands in another file of the same run: a fault of a procedure is one of all that are built on it.

    What stands in a file that is not checked by itself, a layer, is told with the first procedure that has it.
    """
    told = {(str(one.path), found) for one in checked for found in one.found if found.place.file == str(one.path)}
    circles: set[str] = set()
    answer = []
    for one in checked:
        kept = []
        for found in one.found:
            follows = found.code == BUILT_ON_FAULTS or found.message in circles
            if not follows and (found.place.file == str(one.path) or (found.place.file, found) not in told):
                kept.append(found)
                told.add((found.place.file, found))
            if found.code == IN_A_CIRCLE:
                circles.add(found.message)
        answer.append(replace(one, found=kept, elsewhere=_errors(one.found) - _errors(kept)))
    return answer


def _errors(found: Sequence[Diagnostic]) -> int:
    return sum(one.severity is Severity.ERROR for one in found)


def _desks_calendars_and_words(root: Path) -> list[Diagnostic]:
    """Find what is wrong with the desks, the calendars and the words of messages in a folder of definitions."""
    found = [fault for file in sorted((root / "actors").glob("*.yaml")) for fault in check_actors(file)]
    found += [fault for file in sorted((root / "calendars").glob("*.y*ml")) for fault in load_calendar(file)[1]]
    return found + (check_words(root / "messages") if (root / "messages").is_dir() else [])


def find_version(versions: Sequence[SopVersion], sop: str, number: int) -> SopVersion:
    """Return one published version of a procedure; raises UnknownName."""
    own = {one.number: one for one in versions if one.sop == sop}
    if not own:
        hint = did_you_mean(sop, sorted({one.sop for one in versions}), "published procedures")
        raise UnknownName(f'No procedure "{sop}" is published.', [hint])
    if number not in own:
        known = ", ".join(f"{sop}@{one}" for one in sorted(own))
        raise UnknownName(f"{sop} has no version {number}.", [f"versions: {known}"])
    return own[number]


class Procedures:
    """The published versions; compiled ones are kept in memory, for they never change."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._compiled: dict[str, CompiledSop] = {}

    def publish(self, path: Path, budget: Budget | None = None) -> SopVersion:
        """Freeze a procedure as a version, with what was proved of it; one that is on record with its proof stays as it is.

        Raises:
            NotSound: it has faults, or a safeguard of law or soft law is broken or undecided.
        """
        return self.publish_all(path, budget)[-1]

    def publish_all(self, path: Path, budget: Budget | None = None) -> list[SopVersion]:
        """Freeze one procedure, or all of a folder, or none where one of them is refused. Raises NotSound."""
        budget = budget or Budget()
        proofs = Proofs(budget)
        checked = check(path, self._clock.now().date())
        faults = [text for one in checked if not one.is_sound for text in one.drawn()]
        if faults:
            raise NotSound(f"{path} can't be published: it has faults.", faults)
        ready = [(one, canonical(one.file.sop, one.file.shelf.forms)) for one in checked if one.file is not None]
        on_record = self._store.proofs()
        proved_now = [
            one if content_hash(content) in on_record else self._refuse_what_breaks_a_right(one, proofs)
            for one, content in ready
        ]
        return [self._freeze(one, content, budget) for one, (_, content) in zip(proved_now, ready, strict=True)]

    def _refuse_what_breaks_a_right(self, checked: Checked, proofs: Proofs) -> Checked:
        """Prove a procedure; raise NotSound where a safeguard of law or soft law does not hold."""
        ready = proofs.of(checked)
        if ready.file is None:
            return ready
        sop = compile_sop(ready.file.sop, ready.file.shelf.forms, "")
        wrong = [
            ready.told(found, proof, sop)
            for found, proof in ready.findings(binding_only=True)
            if proof.verdict in (Verdict.BROKEN, Verdict.UNDECIDED)
        ]
        if wrong:
            raise NotSound(f"{checked.path} can't be published: a right is not safe on every path.", wrong)
        return ready

    def _freeze(self, checked: Checked, content: str, budget: Budget) -> SopVersion:
        """Keep a procedure with what was proved of it; a version that is there stays as it is."""
        assert checked.file is not None
        name, hashed, now = checked.file.sop.sop, content_hash(content), self._clock.now()
        version = self._store.version(hashed)
        if version is None:
            numbers = [one.number for one in self._store.versions() if one.sop == name]
            version = SopVersion(name, max(numbers, default=0) + 1, hashed, content, now)
        self._store.save_version(version, _recorded(checked.proofs, budget, now))
        return version

    def rehearse(self, sop: CompiledSop, content: str) -> None:
        """Put a compiled procedure in force as it is, proved or not: for a rehearsal, in a house that holds nothing else."""
        self._store.save_version(SopVersion(sop.sop.sop, 1, sop.version, content, self._clock.now()))
        self._compiled[sop.version] = sop

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


def _recorded(proofs: Iterable[Proof], budget: Budget, now: datetime) -> list[RecordedProof]:
    program = installed("passerelle")
    return [
        RecordedProof(
            one.safeguard.id, str(one.verdict), one.explored, one.reason, program, budget.states, budget.seconds, now
        )
        for one in proofs
    ]
