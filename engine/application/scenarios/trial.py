"""Scenario files tried on the engine: each is read, checked against its procedure and played in a house of its own.

A story passes where all goes as it is told. A story of a harm passes where the procedure bars its path; where the path runs to its
end, it passes only if the harm lies in how the case then stands and the checker finds that safeguard to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.actors.load import load_actors
from engine.actors.model import Actor
from engine.analysis.model_check import Budget, Prover, Verdict
from engine.application.ports import Entry
from engine.application.procedures import Checked, check
from engine.application.scenarios.coverage import Covered, Seen
from engine.application.scenarios.desks import furnished
from engine.application.scenarios.load import Story, load_story
from engine.application.scenarios.model import Lies
from engine.application.scenarios.names import wrong_names
from engine.application.scenarios.rehearsal import NotAsExpected, Rehearsal, Stage
from engine.diagnostics import Diagnostic, did_you_mean, in_order
from engine.errors import NotAllowed, UnknownName, WrongUse
from engine.sop.canonical import canonical, content_hash
from engine.sop.compile import CompiledSop, compile_sop
from engine.sop.load import Shelf, SopFile, find_root
from engine.sop.model import Safeguard
from engine.sop.shelf import definitions_in


@dataclass(slots=True)
class InForce:
    """A procedure that stories are played on: its file, its canonical content, compiled, and what they did on it."""

    file: SopFile
    content: str
    sop: CompiledSop
    seen: Seen = field(init=False)

    def __post_init__(self) -> None:
        self.seen = Seen(self.file, self.sop)


Opening = Callable[[InForce, datetime], AbstractContextManager[Stage]]
"""Opens an empty house in which one procedure is in force, its clock at an instant."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one scenario file.

    Attributes:
        name, sop: of the story; empty where the file has faults.
        played: how many events were played.
        found: why it did not pass, each at its place.
        note: of a story of a harm, where its path is barred and why.
        way: the actions taken, by people and by the system, as (step, action) in their order.
    """

    path: Path
    name: str
    sop: str
    played: int
    found: Sequence[Diagnostic] = ()
    note: str = ""
    way: tuple[tuple[str, str], ...] = ()

    @property
    def passed(self) -> bool:
        return not self.found


@dataclass(frozen=True, slots=True)
class Report:
    """All results in the order of the files, and for each procedure what the stories together have tried."""

    results: Sequence[Result]
    covered: Sequence[Covered]

    @property
    def passed(self) -> bool:
        return all(one.passed for one in self.results)


def stories_in(paths: Iterable[Path]) -> list[Path]:
    """Return the scenario files of files and folders; a folder of definitions has them in its `scenarios`.

    Raises:
        UnknownName: there is no such file or folder, or no YAML file in it.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UnknownName(f'There is no file or folder "{path}".')
        inside = path / "scenarios" if (path / "scenarios").is_dir() else path
        found = definitions_in(inside) if path.is_dir() else [path]
        if not found:
            raise UnknownName(f'There is no scenario in "{path}".')
        files += found
    return list(dict.fromkeys(files))


class Trial:
    """Tries scenario files; procedures and what stories do on them are kept from one to the next."""

    def __init__(self, opening: Opening, shipped: Path, instead: Sequence[Path] = ()) -> None:
        """Make ready.

        Args:
            shipped: the definitions to look into after those that a story stands among.
            instead: files of procedures that go before the others of their id.
        Raises:
            UnknownName: one of them is not there.
            WrongUse: one of them can't be read as a procedure.
        """
        self._opening, self._shipped = opening, shipped
        self._procedures: dict[Path, InForce | Checked] = {}
        self._known: dict[Path, Mapping[str, Path]] = {}
        self._instead = {self._id_of(path): path for path in instead}

    def run(self, paths: Iterable[Path]) -> Iterator[Result]:
        """Try each file; yields what came of it."""
        for path in paths:
            yield self._try(path)

    def covered(self) -> list[Covered]:
        """Return what the stories so far have tried, by procedure."""
        return [one.seen.sum() for one in self._procedures.values() if isinstance(one, InForce)]

    # ── One story ───────────────────────────────────────────────────────────────────────────────────────────────

    def _try(self, path: Path) -> Result:
        story, found = load_story(path, self._shipped / "scenarios")
        if story is None:
            return Result(path, path.stem, "", 0, found)
        procedure = self._procedure(story)
        if isinstance(procedure, Diagnostic):
            return Result(path, story.name, story.sop, 0, [*found, procedure])
        return self.play(story, procedure, found)

    def play(self, story: Story, procedure: InForce, found: Sequence[Diagnostic] = ()) -> Result:
        """Play a story on a procedure at hand; one with faults (`found`, and those of its names) is not played."""
        try:
            story, desks = self._desks(story, procedure.sop, Path(procedure.file.file))
        except NotADeskFile as why:
            found = [*found, why.found, *wrong_names(story, procedure.sop, None)]
            return Result(story.path, story.name, story.sop, 0, in_order(found))
        found = in_order([*found, *wrong_names(story, procedure.sop, desks)])
        if found:
            return Result(story.path, story.name, story.sop, 0, found)
        return self._played(story, procedure, desks)

    def _played(self, story: Story, procedure: InForce, desks: Sequence[Actor]) -> Result:
        with self._opening(procedure, story.begins_at) as stage:
            rehearsal = Rehearsal(stage, story, lambda what, moved: None, desks, procedure.seen)
            played, found = 0, []
            try:
                rehearsal.launch()
                for number in rehearsal.play():
                    played = number
            except NotAsExpected as why:
                found = _told(why)
            except (NotAllowed, WrongUse) as why:
                place = story.marks.key(("launch",))
                found = [
                    Diagnostic("SCN201", f"the case can't be launched: {why.message}", place, "; ".join(why.details))
                ]
            history = stage.store.history(rehearsal.ref) if rehearsal.ref else ()
            procedure.seen.played(history, stage.store.messages(rehearsal.ref) if rehearsal.ref else ())
        note = ""
        if story.harm is not None and not found:
            found, note = self._harm(story, procedure, rehearsal)
        way = tuple(_way(history, procedure.sop))
        return Result(story.path, story.name, story.sop, played, found, note, way)

    def _harm(self, story: Story, procedure: InForce, rehearsal: Rehearsal) -> tuple[list[Diagnostic], str]:
        """Say whether a harm can happen: its path ran to the end, or was barred on the way."""
        harm, barred = story.harm, rehearsal.barred
        if harm is None:
            raise TypeError("not a story of a harm")
        if barred is not None:
            place = barred.told.place()
            return [], f"barred at {place.file}:{place.line}: {' '.join(barred.why)}"
        ends = story.events[-1].place() if story.events else story.marks.key(("launch",))
        name = f'safeguard "{harm.safeguard}"'
        if harm.lies is Lies.IN_THE_LAST_EVENT:
            message = f"this is allowed, and with it {name} is broken"
            return [
                Diagnostic("SCN202", message, ends, "mend the procedure, never the safeguard: passerelle sop check")
            ], ""
        safeguard = next(
            one for one in procedure.file.sop.safeguards if isinstance(one, Safeguard) and one.id == harm.safeguard
        )
        verdict = Prover(procedure.sop, Budget()).decide(safeguard).verdict
        if verdict is Verdict.HOLDS:
            return [], f"the path runs to its end, and {name} holds there"
        said = {
            Verdict.BROKEN: "is broken",
            Verdict.UNDECIDED: "could not be decided",
            Verdict.VACUOUS: "protects nothing",
        }
        message = f"the story runs to its end, and {name} {said[verdict]}"
        return [
            Diagnostic("SCN202", message, ends, "mend the procedure, never the safeguard: passerelle sop check")
        ], ""

    # ── What a story stands upon ────────────────────────────────────────────────────────────────────────────────

    def _desks(self, story: Story, sop: CompiledSop, procedure: Path) -> tuple[Story, list[Actor]]:
        """Return the desks of a story, and the story with who stands for which role."""
        if not story.actors:
            return furnished(story, sop)
        folders = [find_root(procedure) / "actors", self._shipped / "actors"]
        desks: list[Actor] = []
        for n, name in enumerate(story.actors):
            file = next((one / f"{name}.yaml" for one in folders if (one / f"{name}.yaml").is_file()), None)
            place = story.marks.value(("actors", max(0, n - len(story.actors))))
            if file is None:
                known = next(({one.stem for one in files} for one in folders if (files := definitions_in(one))), set())
                hint = did_you_mean(name, sorted(known), "files of desks")
                raise NotADeskFile(Diagnostic("SCN101", f'there is no file of desks "{name}"', place, hint))
            try:
                desks += load_actors(file)
            except WrongUse:
                hint = f"passerelle sop check {file.parent.parent}"
                raise NotADeskFile(Diagnostic("SCN101", f"{file} has faults itself", place, hint)) from None
        return story, desks

    def _procedure(self, story: Story) -> InForce | Diagnostic:
        """Find the procedure of a story: as told to the trial, as the story says, among its definitions, among the shipped."""
        place = story.marks.value(("like",) if story.marks.root.child("sop") is None else ("sop",))
        path = self._instead.get(story.sop) or story.procedure
        if path is None:
            beside = {**self._among(self._shipped), **self._among(find_root(story.path))}
            path = beside.get(story.sop)
            if path is None:
                known = sorted(self._among(find_root(story.path)) or beside)
                hint = did_you_mean(story.sop, known, "procedures")
                return Diagnostic("SCN101", f'there is no procedure "{story.sop}"', place, hint)
        try:
            found = self._read(path)
        except UnknownName as why:
            return Diagnostic("SCN101", why.message, story.marks.value(("procedure",)), "a path seen from this file")
        if isinstance(found, Checked):
            message = f'procedure "{story.sop}" has faults itself, so nothing can be played on it'
            return Diagnostic("SCN101", message, place, f"mend them first: passerelle sop check {path}")
        if found.file.sop.sop != story.sop:
            message = f'{path} is the procedure "{found.file.sop.sop}", not "{story.sop}"'
            return Diagnostic("SCN101", message, place)
        return found

    def _among(self, root: Path) -> Mapping[str, Path]:
        """Return the procedures of a folder of definitions, by id."""
        if root not in self._known:
            self._known[root] = Shelf.of(root)[0].sops
        return self._known[root]

    def _read(self, path: Path) -> InForce | Checked:
        """Check and compile a procedure once; one with faults is answered as it was checked. Raises UnknownName."""
        key = path.resolve()
        if key not in self._procedures:
            (checked,) = check(path)
            file = checked.file
            self._procedures[key] = in_force(file) if file is not None and checked.is_well_formed else checked
        return self._procedures[key]

    def _id_of(self, path: Path) -> str:
        if path.is_dir():
            raise WrongUse(f"{path} is a folder: name one procedure's file")
        found = self._read(path)
        if isinstance(found, Checked):
            raise WrongUse(f"{path} has faults itself, so nothing can be played on it.", found.drawn())
        return found.file.sop.sop


class NotADeskFile(Exception):
    """Desks that a story names are not there or have faults; `found` says which."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message)
        self.found = found


def in_force(file: SopFile) -> InForce:
    """Compile a procedure that was checked."""
    content = canonical(file.sop, file.shelf.forms)
    return InForce(file, content, compile_sop(file.sop, file.shelf.forms, content_hash(content)))


def _way(history: Iterable[Entry], sop: CompiledSop) -> Iterator[tuple[str, str]]:
    """Yield the actions of a history with the step of each; one open everywhere stands at the main step."""
    for entry in history:
        if entry.move in ("action", "fire", "breach"):
            own = [step for step in entry.from_steps if entry.name in sop.steps[step].actions]
            yield (own or entry.from_steps)[0], entry.name


def _told(why: NotAsExpected) -> list[Diagnostic]:
    hint = f"the reasons: {' '.join(why.reasons)}" if why.reasons else ""
    return [Diagnostic("SCN201", one.text, why.told.place(*one.path), hint) for one in why.faults]
