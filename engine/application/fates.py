"""What changes for people when a case moves to another version: in deadlines, in what they may do, in what they are told.

Made for the dry run of a migration, and compared when it is applied. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.application.casework import Loaded
from engine.cases.case import Case
from engine.cases.decide import options
from engine.cases.effects import CancelMessages, Notify, SetDeadline
from engine.cases.migrate import Migrated, Reason
from engine.cases.names import Names
from engine.sop.compile import CompiledSop


@dataclass(frozen=True, slots=True)
class Shifted:
    """A deadline that is another one on the new version: when it is due, None where there is none.

    Both instants are the same where only its reminders or escalations differ.
    """

    step: str
    name: str
    kind: str
    old: datetime | None
    new: datetime | None


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds of a series that are others on the new version: the state of each, open, recorded or lapsed."""

    step: str
    series: str
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """An action that becomes allowed, or that no longer is, with what then stands against it."""

    step: str
    action: str
    blockers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A message that would be sent; `withheld` says why it may not leave yet."""

    role: str
    actor: str
    kind: str
    template: str
    step: str
    withheld: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one open case: the reasons why it stays, or what changes when it moves.

    Attributes:
        number: of the version on which it stands; 0 where the case can't be read.
        begun: steps of lines that it has only on the new version.
        lapsed: acknowledgements that no longer count, as (step, role).
        silenced: roles whose queued messages may no longer leave.
        entry: the number of its last history entry when this was decided.
    """

    ref: str
    number: int
    entry: int
    reasons: tuple[Reason, ...] = ()
    begun: tuple[str, ...] = ()
    deadlines: tuple[Shifted, ...] = ()
    series: tuple[Rounds, ...] = ()
    lapsed: tuple[tuple[str, str], ...] = ()
    opens: tuple[Offer, ...] = ()
    shuts: tuple[Offer, ...] = ()
    messages: tuple[Word, ...] = ()
    silenced: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        return not self.reasons


def fate_of(
    loaded: Loaded,
    number: int,
    new: CompiledSop,
    answer: Migrated,
    clocks: Iterable[SetDeadline],
    names: Names,
    now: datetime,
) -> Fate:
    """Say what changes for people when this case moves; `clocks` are its deadlines as they stand."""
    opens, shuts = _offers(loaded, new, answer, names, now)
    return Fate(
        loaded.case.ref,
        number,
        loaded.case.seq,
        begun=answer.begun,
        deadlines=tuple(_shifted(clocks, answer.clocks, names)),
        series=tuple(_rounds(loaded.case, answer.case, names)),
        lapsed=tuple(_lapsed(loaded.case, answer.case, names)),
        opens=opens,
        shuts=shuts,
        messages=tuple(_words(loaded.case, answer)),
        silenced=tuple(one.role for one in answer.effects if isinstance(one, CancelMessages)),
    )


def _shifted(rows: Iterable[SetDeadline], clocks: Iterable[SetDeadline], names: Names) -> Iterator[Shifted]:
    """Yield the deadlines that differ, by step and name; what wakes the case is no deadline of people."""
    old = {_slot(one, names): one for one in rows if one.kind != "wake"}
    new = {(one.step, one.name): one for one in clocks if one.kind != "wake"}
    for step, name in sorted(old.keys() | new.keys()):
        was, becomes = old.get((step, name)), new.get((step, name))
        if was is None or becomes is None or (was.due_at, was.alarms) != (becomes.due_at, becomes.alarms):
            kind = next(one.kind for one in (becomes, was) if one is not None)
            yield Shifted(step, name, kind, was.due_at if was else None, becomes.due_at if becomes else None)


def _rounds(before: Case, after: Case, names: Names) -> Iterator[Rounds]:
    """Yield the series of the steps at which the case stands whose rounds differ."""
    old = {(names.step(key.partition("/")[0]), key.partition("/")[2]): rounds for key, rounds in before.series.items()}
    new = {(key.partition("/")[0], key.partition("/")[2]): rounds for key, rounds in after.series.items()}
    for step, name in sorted(old.keys() | new.keys()):
        was, becomes = (tuple(one.state for one in known.get((step, name), ())) for known in (old, new))
        if step in after.steps() and was != becomes:
            yield Rounds(step, name, was, becomes)


def _lapsed(before: Case, after: Case, names: Names) -> Iterator[tuple[str, str]]:
    for slot in sorted(before.acknowledged):
        step, _, role = slot.partition(" ")
        if f"{names.step(step)} {role}" not in after.acknowledged:
            yield names.step(step), role


def _slot(clock: SetDeadline, names: Names) -> tuple[str, str]:
    return names.step(clock.step), names.action(clock.name) if clock.kind == "timed" else clock.name


def _offers(
    loaded: Loaded, new: CompiledSop, answer: Migrated, names: Names, now: datetime
) -> tuple[tuple[Offer, ...], tuple[Offer, ...]]:
    """Return the actions that people can take only on the new version, and those that they can take only on the old one."""
    before = {
        (names.step(one.step), names.action(one.action.name))
        for one in options(loaded.sop, loaded.case, loaded.facts, now)
        if not one.unmet and not one.action.is_timed
    }
    after = {
        (one.step, one.action.name): tuple(reason.text for reason in one.unmet)
        for one in options(new, answer.case, answer.facts, now)
        if not one.action.is_timed
    }
    allowed = {key for key, unmet in after.items() if not unmet}
    opens = tuple(Offer(*key) for key in sorted(allowed - before))
    gone = ("This action isn't there any more.",)
    return opens, tuple(Offer(*key, after.get(key, gone)) for key in sorted(before - allowed))


def _words(before: Case, answer: Migrated) -> Iterator[Word]:
    for one in answer.effects:
        if isinstance(one, Notify):
            actor = one.actor or answer.case.parties.get(one.role) or before.parties[one.role]
            yield Word(one.role, actor, str(one.kind), one.template, one.step, one.withheld)
