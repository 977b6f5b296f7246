"""The sweep: what is due at this instant. Reminders and escalations are queued; timed actions go through `decide` like any other.

Deadlines are taken under a lease and moved on, many in one transaction that queues their messages, whose keys follow from the
deadline: a crash in between delays a reminder and neither loses nor doubles it. After a stillness everybody hears the latest of
each deadline's alarms, not all of them, and what its rungs' `late` keeps besides (engine.cases.remind).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from engine.application.casework import Casework, Loaded
from engine.application.change import new_message
from engine.application.ports import NEVER, Cipher, Come, Deadline, NewMessage, Store
from engine.application.recounting import Recounting
from engine.cases.case import Wake
from engine.cases.effects import Notify
from engine.cases.remind import Notice, is_urgent, ladder_of, notices
from engine.cases.sharing import hold
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.errors import Fault, NotAllowed, Unreadable
from engine.sop.requirements import Guard
from engine.values import MessageKind

LEASE: Final = timedelta(minutes=10)
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: messages queued, timed actions taken, cases woken, and timed actions that are refused for now.

    `stuck`: cases whose deadlines can't come round, for they can't be read; `recounted`: deadlines that a changed calendar has
    moved; `faulty`: countries whose calendar has faults, so that it was not taken up.
    """

    messages: int = 0
    fired: int = 0
    woken: int = 0
    refused: int = 0
    stuck: tuple[str, ...] = ()
    recounted: int = 0
    faulty: tuple[str, ...] = ()

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.messages + other.messages,
            self.fired + other.fired,
            self.woken + other.woken,
            self.refused + other.refused,
            self.stuck + other.stuck,
            self.recounted + other.recounted,
            self.faulty + other.faulty,
        )


class _Ready:
    """What has come and is not written yet: many deadlines at a time, and before each move of a case, which may end one."""

    def __init__(self, store: Store) -> None:
        self._store, self._come = store, list[Come]()
        self.queued = 0

    def add(self, come: Come) -> None:
        self._come.append(come)

    def write(self) -> None:
        if self._come:
            self.queued += self._store.move_on(self._come)
            self._come.clear()


class Sweep:
    """Finds what is due and lets it happen."""

    def __init__(self, store: Store, cipher: Cipher, casework: Casework, recounting: Recounting, clock: Clock) -> None:
        self._store, self._cipher, self._casework, self._clock = store, cipher, casework, clock
        self._recounting = recounting

    def run(self) -> Swept:
        """Let everything happen whose time has come, oldest first; then return what was done.

        Calendars that have changed are taken up first: what is due is due by the calendars as they are now.
        """
        anew = self._recounting.run()
        done = Swept(stuck=anew.stuck, recounted=sum(map(len, anew.moved.values())), faulty=anew.faulty)
        escalated, come = set[tuple[str, str]](), _Ready(self._store)
        while True:
            now = self._clock.now()
            claimed = self._store.claim_due(now, BATCH, now + LEASE)
            if not claimed:
                return done + Swept(messages=come.queued)
            # A step and the right it serves are late together: the step speaks first, and nobody hears of it twice.
            for deadline in sorted(claimed, key=lambda one: (one.kind == "watch", _came_at(one))):
                done += self._apart(deadline, now, escalated, come)
            come.write()

    def _apart(
        self, deadline: Deadline, now: datetime, escalated: set[tuple[str, str]], come: _Ready
    ) -> Swept:  # fmt: skip
        """Let one deadline come round; a case that can't be read must not hold up the others, and is tried again."""
        try:
            return self._come_round(deadline, now, escalated, come)
        except NotAllowed:
            # A timed action that is not possible yet, or a person who moved the case at this very moment.
            return Swept(refused=1)
        except Exception as why:
            # A database that is away concerns them all.
            if isinstance(why, Fault) and not isinstance(why, Unreadable):
                raise
            return Swept(stuck=(deadline.ref,))

    def _come_round(
        self, deadline: Deadline, now: datetime, escalated: set[tuple[str, str]], come: _Ready
    ) -> Swept:  # fmt: skip
        """Put what a deadline's alarms say to what has `come`.

        `escalated`: (case, role) that have heard in this sweep of something late.
        """
        if deadline.kind == "timed":
            come.write()
            return self._fire(deadline)
        if deadline.kind == "wake":
            come.write()
            return self._wake(deadline)
        loaded = self._casework.load(deadline.ref)
        woken = Swept()
        if deadline.due_at <= now and _series_guards(loaded, deadline):
            come.write()
            woken = self._wake(deadline)
            loaded = self._casework.load(deadline.ref)
            if not _is_open(loaded, deadline):
                return woken
        past = [alarm for alarm in deadline.alarms if alarm.at <= now]
        rest = tuple(alarm for alarm in deadline.alarms if alarm.at > now)
        if not _is_wanted(loaded, deadline, now):  # nobody is reminded of a visit to which the person has not agreed
            past = []
        ladder = ladder_of(loaded.sop, deadline.kind, deadline.step, deadline.name)
        told = notices(loaded.sop, loaded.case, loaded.facts, deadline.step, ladder, past, now)
        if deadline.kind == "watch":
            told = tuple(one for one in told if (deadline.ref, one.notify.role) not in escalated)
        new = [one.notify for one in told]
        escalated.update((deadline.ref, notify.role) for notify in new if notify.kind is MessageKind.ESCALATION)
        heard = _heard(loaded, new)
        if heard is not None:
            come.write()
            loaded = self._casework.note_heard(deadline.ref, heard)
        urgent = is_urgent(ladder, deadline.name, past)
        messages = [replace(self._message(loaded, deadline, one, now), urgent=urgent) for one in told]
        left = replace(deadline, alarms=rest, next_at=rest[0].at if rest else NEVER)
        come.add(Come(left, loaded.case.seq, tuple(messages)))
        return woken

    def _fire(self, deadline: Deadline) -> Swept:
        self._casework.fire(deadline.ref, deadline.name, deadline.step)
        return Swept(fired=1)

    def _wake(self, deadline: Deadline) -> Swept:
        self._casework.wake(deadline.ref)
        return Swept(woken=1)

    def _message(self, loaded: Loaded, deadline: Deadline, told: Notice, now: datetime) -> NewMessage:
        """Make a message whose key is the same for the same alarm, and says nothing."""
        notice, rest = told.notify, len(deadline.alarms) - deadline.alarms.index(told.alarm) - 1
        said = f"{deadline.ref}|{deadline.step}|{deadline.name}|{deadline.due_at}|{rest}|{notice.kind}|{notice.role}"
        key = hmac.new(self._cipher.mac_key(), said.encode(), hashlib.sha256).hexdigest()[:32]
        return replace(new_message(loaded.case, notice, now, key), due_at=deadline.due_at)


def _came_at(deadline: Deadline) -> datetime:
    """Return when what is due of a deadline came; its `next_at` may be the end of a lease of a sweep that died."""
    return deadline.alarms[0].at if deadline.alarms else deadline.due_at


def _series_guards(loaded: Loaded, deadline: Deadline) -> tuple[Guard, ...]:
    step = loaded.sop.steps.get(deadline.step)
    if step is None or deadline.kind != "series":
        return ()
    return tuple(step.series_guards.get(deadline.name.partition(":")[0], ()))


def _is_wanted(loaded: Loaded, deadline: Deadline, now: datetime) -> bool:
    return hold(_series_guards(loaded, deadline), CaseView(loaded.case, loaded.facts, now))


def _heard(loaded: Loaded, told: Iterable[Notify]) -> Wake | None:
    """Return what the case must remember of these messages: who hears of it for the first time, whose turn was withheld."""
    case = loaded.case
    first = {one.role for one in told if not one.withheld} - case.told
    withheld = {one.role: one.step for one in told if one.withheld and one.kind is MessageKind.REMINDER}
    new = {role: step for role, step in withheld.items() if role not in case.withheld}
    return Wake(tuple(sorted(first)), new) if first or new else None


def _is_open(loaded: Loaded, deadline: Deadline) -> bool:
    """Whether the occurrence of a series still waits to be recorded."""
    series, _, number = deadline.name.partition(":")
    rounds = loaded.case.series.get(f"{deadline.step}/{series}", ())
    return int(number) < len(rounds) and rounds[int(number)].state == "open"
