"""A history in the names of another version of its procedure: steps, actions, forms and facts may be called otherwise there.

What the other version doesn't know at all is left out; whether the case then still stands where it stood, and whether the same is
known of it, is asked by `engine.cases.migrate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from engine.cases.case import Acknowledge, Assign, Enter, Fire, Launch, Move, Mute, Resume, Suspend, Take, Wake
from engine.cases.decide import initial_facts
from engine.cases.replay import Played
from engine.sop.compile import REOPEN, CompiledSop
from engine.values import Value


class Names(msgspec.Struct, frozen=True):
    """What is called otherwise in the new version: old name -> new name; what is not named keeps its name."""

    steps: dict[str, str] = {}
    actions: dict[str, str] = {}
    forms: dict[str, str] = {}
    facts: dict[str, str] = {}

    def step(self, name: str) -> str:
        return self.steps.get(name, name)

    def action(self, name: str) -> str:
        return self.actions.get(name, name)

    def fact(self, name: str) -> str:
        return self.facts.get(name, name)

    def part(self, name: str) -> str:
        """Rename a form or one of its parts."""
        form, dot, part = name.partition(".")
        return self.forms.get(name, f"{self.forms.get(form, form)}{dot}{part}")

    def slot(self, key: str) -> str:
        """Rename the slot in which a record counts."""
        part, bracket, receiver = key.partition(">")
        return f"{self.part(part)}{bracket}{receiver}"


class Migrate(msgspec.Struct, frozen=True, tag="migrate"):
    """A case moves from version `left` to `version` (content hashes).

    `parties` stand for roles that are new, `facts` are known from now on as if they had been said at launch. `run`: all cases
    that were moved together.
    """

    left: str
    version: str
    run: str
    names: Names = Names()
    parties: dict[str, str] = {}
    facts: dict[str, Value] = {}


@dataclass(frozen=True, slots=True)
class PlayedMigration:
    """A migration as it stands in the history."""

    seq: int
    at: datetime
    move: Migrate


def as_named_now(
    versions: Callable[[str], CompiledSop], launched_on: str, history: Iterable[Played | PlayedMigration]
) -> list[Played]:
    """Return the moves of a history in the names of the version on which it ends."""
    sop, past = versions(launched_on), list[Played]()
    for one in history:
        if isinstance(one, Played):
            past.append(one)
        else:
            new = versions(one.move.version)
            past, sop = list(renamed(past, sop, new, one.move)), new
    return past


def renamed(past: Iterable[Played], old: CompiledSop, new: CompiledSop, how: Migrate) -> Iterator[Played]:
    """Yield the moves of a history in the names of a new version, less those that it doesn't know."""
    for one in past:
        known = _renamed(one.move, old, new, how)
        if known is not None:
            yield replace(one, move=known)


def _renamed(move: Move, old: CompiledSop, new: CompiledSop, how: Migrate) -> Move | None:
    """Put a move into the names of the new version; None where it speaks of something that isn't there any more."""
    names, changed = how.names, msgspec.structs.replace
    match move:
        case Launch():
            parties = {role: actor for role, actor in move.parties.items() if role in new.sop.roles}
            # Not the new version's defaults: what held at the launch is what was said then, or went without saying.
            said = {names.fact(name): value for name, value in initial_facts(old, move) if value is not None}
            known = {name: value for name, value in (how.facts | said).items() if name in new.sop.facts}
            return changed(move, parties=parties | how.parties, facts=known)
        case Take() | Fire():
            step = None if move.step is None else names.step(move.step)
            action = names.action(move.action)
            return changed(move, action=action, step=step) if action in _action_names(new) else None
        case Enter():
            part = names.part(move.part)
            return changed(move, part=part) if part in new.parts else None
        case Acknowledge(step=str(step)):
            return changed(move, step=names.step(step)) if names.step(step) in new.steps else None
        case Suspend() | Resume():
            return changed(move, step=names.step(move.step)) if names.step(move.step) in new.steps else None
        case Mute(role=""):
            return move
        case Assign() | Mute():
            return move if move.role in new.sop.roles else None
        case Wake():
            told = tuple(role for role in move.told if role in new.sop.roles)
            waits = {role: names.step(step) for role, step in move.withheld.items() if role in new.sop.roles}
            return changed(move, told=told, withheld=waits)
    return move


def _action_names(sop: CompiledSop) -> frozenset[str]:
    return frozenset(action.name for action in sop.every_action()) | {REOPEN}
