"""What stories have tried of a procedure: steps, actions, requirements met and unmet, safeguards.

Nothing is proved by this: it shows what no story looks at. A requirement counts as met, or as unmet, when somebody tried the action
(or the record) that asks it while it held, or did not. Of a safeguard it counts that what it speaks of happened, and that it was
tried and refused; a safeguard of which no single move speaks (`from`, `always`, `ignores`) is left to the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.application.casework import Loaded, Refused
from engine.application.ports import Entry, Message
from engine.application.scenarios.model import Event
from engine.cases.decide import offered
from engine.cases.draft import active_steps
from engine.cases.view import CaseView
from engine.diagnostics import Place
from engine.errors import NotAllowed
from engine.sop import model as m
from engine.sop.compile import CompiledSop
from engine.sop.load import SopFile
from engine.sop.outline import Outline, Path, outline_of
from engine.sop.requirements import Guard, Sentences, guards
from engine.values import MessageState


@dataclass(frozen=True, slots=True)
class Uncovered:
    """One thing that no story has tried: what, in words, and where it stands."""

    kind: str
    name: str
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Covered:
    """The sum over all stories of one procedure: kind -> how many there are, how many were tried, and those that were not."""

    sop: str
    file: str
    totals: Mapping[str, int]
    uncovered: Sequence[Uncovered]

    def tried(self, kind: str) -> int:
        return self.totals[kind] - sum(one.kind == kind for one in self.uncovered)


KINDS = ("steps", "actions", "requirements met", "requirements unmet", "safeguards happened", "safeguards refused")


@dataclass(slots=True)
class Seen:
    """Takes note of what stories do on one procedure (a `Witness` of `engine.application.scenarios.rehearsal`)."""

    file: SopFile
    sop: CompiledSop
    entered: set[str] = field(default_factory=set)
    taken: set[Path] = field(default_factory=set)
    met: set[Path] = field(default_factory=set)
    unmet: set[Path] = field(default_factory=set)
    happened: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    @property
    def outline(self) -> Outline:
        return outline_of(self.file.sop, self.file.shelf.forms)

    # ── While stories are played ────────────────────────────────────────────────────────────────────────────────

    def saw(self, event: Event, actor: str, before: Loaded, now: datetime, refused: NotAllowed | None) -> None:
        """Take note of a move that people made, or that was refused to them."""
        view = CaseView(before.case, before.facts, now)
        if event.act is not None:
            self._action(event.act, event.step, before, view, refused)
        elif event.record is not None:
            self._record(event, event.record, before, view, refused)
        elif event.ack is not None and refused is None:
            self.happened |= self._of(lambda one: one.acknowledge == event.ack, None)

    def _action(self, name: str, step: str | None, before: Loaded, view: CaseView, refused: NotAllowed | None) -> None:
        found = [(one, at) for one, at in offered(self.sop, before.case, view, name) if step in (None, at)]
        for action, _ in found:
            path = self._path(name, action.step)
            self._read(action.guards, path, view)
            if refused is None:
                self.taken.add(path)
        if refused is None:
            return  # what it led to stands in the history
        # A refusal for the procedure's own reasons; where the action is not even offered, any of its name was tried.
        tried = [action.model.to for action, _ in found] or self._targets(name)
        left = {at for _, at in found}
        if isinstance(refused, Refused):
            self.refused |= self._of(lambda one: one.enter in tried or one.leave in left, name)

    def _record(self, event: Event, part: str, before: Loaded, view: CaseView, refused: NotAllowed | None) -> None:
        for step in active_steps(self.sop, before.case):
            spot = self.outline.by_name[step]
            for n, written in enumerate(spot.step.forms):
                if part in self.sop.parts_of(written.form):
                    self._read(guards(written.requires, self.sop.scope), (*spot.path, "forms", n), view)
        if refused is not None and not isinstance(refused, Refused):
            return
        said = event.with_ or {}

        def meant(one: m.EventPattern) -> bool:
            return (
                one.record is not None
                and part in self.sop.parts_of(one.record)
                and all(said.get(name) in values for name, values in one.where.items())
            )

        (self.happened if refused is None else self.refused).update(self._of(meant, None))

    def _read(self, ready: Sequence[Guard], holder: Path, view: CaseView) -> None:
        for n, guard in enumerate(ready):
            (self.met if guard.holds(view) else self.unmet).add((*holder, "requires", n))

    def played(self, history: Iterable[Entry], messages: Iterable[Message]) -> None:
        """Take note of a case at the end of its story: where it went, and what the system did."""
        for entry in history:
            self._passed(entry)
        told = {one.role for one in messages if one.state is not MessageState.WITHHELD}
        names = told | {name for role in told for name in self._groups(role)}
        self.happened |= self._of(lambda one: one.tell in names, None)

    def _passed(self, entry: Entry) -> None:
        new = set(entry.to_steps) - set(entry.from_steps)
        gone = set(entry.from_steps) - set(entry.to_steps)
        self.entered |= set(entry.to_steps)
        named = entry.name if entry.move in ("action", "fire", "breach") else ""
        for path, model in self._taken(named, entry.from_steps):
            if entry.move == "fire":  # the system takes what is allowed, so all that is asked held
                self.taken.add(path)
                self.met |= {(*path, "requires", n) for n in range(len(model.requires))}
            new |= {model.to} & set(entry.to_steps)
        self.happened |= self._of(lambda one: one.enter in new or one.leave in gone, named)

    def _groups(self, role: str) -> Iterator[str]:
        known = self.file.sop.roles.get(role)
        if known is not None:
            yield str(known.side)
            if known.kind is not None:
                yield str(known.kind)

    def _taken(self, name: str, steps: Iterable[str]) -> Iterator[tuple[Path, m.Action]]:
        for step in steps:
            action = self.sop.steps[step].actions.get(name)
            if action is not None:
                yield self._path(name, step), action.model
        if name in self.sop.everywhere:
            yield self._path(name, None), self.sop.everywhere[name].model

    def _targets(self, name: str) -> list[str]:
        return [
            action.model.to for step in self.sop.steps.values() for key, action in step.actions.items() if key == name
        ]

    def _path(self, name: str, step: str | None) -> Path:
        return ("everywhere", name) if step is None else (*self.outline.by_name[step].path, "actions", name)

    def _of(self, meant: Callable[[m.EventPattern], bool], action: str | None) -> set[str]:
        """Return the safeguards that speak of an action of this name, or of an event that `meant` takes."""
        return {
            one.id
            for one in self._spoken()
            for event in _events(one)
            if (event == action if isinstance(event, str) else meant(event))
        }

    def _spoken(self) -> Iterator[m.Safeguard]:
        return (one for one in self.file.sop.safeguards if isinstance(one, m.Safeguard))

    # ── The sum ─────────────────────────────────────────────────────────────────────────────────────────────────

    def sum(self) -> Covered:
        """Return what there is and what was tried, the rest in the order of the file."""
        found = {
            "steps": [(spot.path, spot.name, f'step "{spot.name}" is never entered', spot.name in self.entered)
                      for spot in self.outline.spots],
            "actions": [(path, name, f'action "{name}" is never taken', path in self.taken)
                        for path, name, _ in self._actions()],
            "requirements met": list(self._asked(self.met, "never holds when it is asked")),
            "requirements unmet": list(self._asked(self.unmet, "is never missing when it is asked")),
            "safeguards happened": list(self._guarded(self.happened, ("before", "after", "in"), "never happens")),
            "safeguards refused": list(self._guarded(self.refused, ("before", "never"), "is never tried and refused")),
        }  # fmt: skip
        missing = [
            Uncovered(kind, name, text, self._place(path))
            for kind, ones in found.items()
            for path, name, text, tried in ones
            if not tried
        ]
        return Covered(self.file.sop.sop, self.file.file, {kind: len(ones) for kind, ones in found.items()}, missing)

    def _place(self, path: Path) -> Place:
        """Return where something stands; a shared safeguard stands where the procedure takes it up."""
        if path[0] == "safeguards" and isinstance(path[1], int):
            return self.file.place_of(path[1])[0]
        return self.file.marks.key(path)

    def _actions(self) -> Iterator[tuple[Path, str, m.Requirements]]:
        for offer in (*self.outline.offers, *self.outline.everywhere):
            yield offer.path, offer.name, offer.action.requires

    def _asked(self, seen: set[Path], what: str) -> Iterator[tuple[Path, str, str, bool]]:
        sentences = Sentences(self.sop.scope, "en")
        entries = (
            ((*spot.path, "forms", n), written.form, written.requires)
            for spot in self.outline.spots
            for n, written in enumerate(spot.step.forms)
        )
        for path, name, requires in (*self._actions(), *entries):
            for n, one in enumerate(requires):
                where = (*path, "requires", n)
                yield where, name, f'{name}: "{sentences.of(one)}" {what}', where in seen

    def _guarded(self, seen: set[str], kinds: Sequence[str], what: str) -> Iterator[tuple[Path, str, str, bool]]:
        for n, one in enumerate(self.file.sop.safeguards):
            if not isinstance(one, m.Safeguard) or one.kind not in kinds or not list(_played(one)):
                continue
            text = f'safeguard "{one.id}": what it speaks of {what}'
            yield ("safeguards", n, "id"), one.id, text, one.id in seen


def _events(safeguard: m.Safeguard) -> Iterator[m.Event]:
    """Yield what a safeguard speaks of (its X)."""
    yield from (*(safeguard.before or ()), *(safeguard.after or ()), *(safeguard.never or ()))
    if safeguard.available is not None:
        yield safeguard.available


def _played(safeguard: m.Safeguard) -> Iterator[m.Event]:
    """Yield what of it a story can show: a form that is shown to somebody is no event of a story."""
    return (one for one in _events(safeguard) if isinstance(one, str) or one.show is None)
