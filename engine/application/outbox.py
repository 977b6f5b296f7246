"""The courier: leases rows of the outbox, sends them, marks each after it has left.

Safe to be killed at any point: what was leased and not marked is due again when its lease runs out, under the same message id. A
failure that may pass puts the row back, later each time; one that won't makes it a task for a person. What may wait for its
reader's morning is put back until then; what then leaves for one reader leaves as one letter. The plain loop `run` needs
nothing but the database and a channel; `workflows.courier` does the same under Prefect.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from engine.application.ports import (
    Channel,
    Message,
    NewMessage,
    Outgoing,
    PassingFailure,
    PermanentFailure,
    Recipient,
    Sender,
    Store,
)
from engine.clock import Clock
from engine.errors import Fault, PasserelleError, Unreadable

BATCH: Final = 200
LEASE: Final = timedelta(minutes=30)
"""Longer than the longest batch: 200 messages of a server that takes eight seconds for each."""

FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=6)
MOST_TRIES: Final = 20
"""With these waits a message is tried for about three days."""


NO_CHANNEL_WAIT: Final = timedelta(minutes=5)
"""Between two looks at whether a channel has been set up."""


class NoChannel(PassingFailure):
    """No channel of this kind is set up: nothing was tried, and the message waits for as long as it takes."""


class Press(Protocol):
    """Knows who reads a message, when it may leave, and writes it."""

    def reader(self, message: Message) -> Recipient:
        """Return who reads it now; raises PermanentFailure where nobody does."""

    def moment(self, message: Message, reader: Recipient) -> datetime:
        """Return from when on it may leave."""

    def may_join(self, message: Message, reader: Recipient) -> bool:
        """Whether it may leave in one letter with others."""

    def write(self, messages: Sequence[Message], reader: Recipient) -> Callable[[str], Outgoing]:
        """Return what makes the letter for one of the reader's addresses."""

    def undelivered(self, messages: Sequence[Message]) -> Sequence[NewMessage]:
        """Return who is told that these will never arrive."""


Letter = Sequence[Message]
"""Messages that leave as one; nearly always a single one."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a batch.

    `later` could not leave and were put back; `waiting` wait for their reader; `lost` had been taken over by another courier.
    """

    sent: int = 0
    failed: int = 0
    later: int = 0
    lost: int = 0
    waiting: int = 0

    def __add__(self, other: Delivery) -> Delivery:
        return Delivery(
            self.sent + other.sent, self.failed + other.failed, self.later + other.later, self.lost + other.lost,
            self.waiting + other.waiting,
        )  # fmt: skip


def backoff(tries: int, draw: float) -> timedelta:
    """Return how long to wait after so many tries: doubling, at most six hours, spread by half (`draw` in 0..1)."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(tries, 20), LONGEST_WAIT)
    return wait * (0.75 + draw / 2)


class Courier:
    """Delivers what is due. Each courier has a name of its own under which it leases."""

    def __init__(self, store: Store, press: Press, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._store, self._press, self._channels, self._clock = store, press, dict(channels), clock
        self._owner = secrets.token_hex(8)

    def lease(self, limit: int = BATCH) -> list[int]:
        """Take up to `limit` messages that are due; returns their ids."""
        now = self._clock.now()
        return list(self._store.lease(now, self._owner, limit, now + LEASE))

    def deliver(self, ids: Sequence[int], *, again: bool = False) -> Delivery:
        """Send the messages of these ids that this courier still holds, over one connection per channel.

        `again`: the caller will try again at once what can't leave now, so it stays leased and is not put back.
        """
        held = self._store.leased(ids, self._owner)
        done = Delivery(lost=len(ids) - len(held))
        letters, kept = self._letters(held)
        done += kept
        with ExitStack() as stack:
            lines = _Lines(self._channels, stack)
            for letter in letters:
                done += self._send(letter, lines, again)
        return done

    def run(self) -> Delivery:
        """Deliver until nothing is due."""
        done = Delivery()
        while ids := self.lease():
            done += self.deliver(ids)
        return done

    def _letters(self, held: Sequence[Message]) -> tuple[list[Letter], Delivery]:
        """Put together what leaves together; what has to wait for its reader's morning, or can't be told, is put back or failed."""
        kept = Delivery()
        letters: dict[str, list[Message]] = {}
        new: dict[str, list[Message]] = {}
        for message in held:
            try:
                reader = self._press.reader(message)
                moment = self._press.moment(message, reader)
            except Exception as why:
                kept += self._not_written([message], why)
                continue
            if moment > self._clock.now():
                back = self._store.put_back([message.id], self._owner, moment, "waits for its reader", tried=False)
                kept += Delivery(waiting=back, lost=1 - back)
            elif message.letter:
                letters.setdefault(message.letter, []).append(message)
            elif self._press.may_join(message, reader):
                new.setdefault(reader.id, []).append(message)
            else:
                letters[message.key] = [message]
        for joined in new.values():
            key = joined[0].key
            if len(joined) > 1:
                key = secrets.token_hex(16)
                self._store.join([one.id for one in joined], self._owner, key)
                joined = [replace(one, letter=key) for one in joined]
            letters[key] = joined
        return sorted(letters.values(), key=lambda letter: letter[0].id), kept

    def _send(self, letter: Letter, lines: _Lines, again: bool) -> Delivery:
        # Consent may have gone while the batch was on its way: then the row was cancelled. Or a slow server has used up the
        # lease: then somebody else may send it at this moment.
        now = self._clock.now()
        there = self._store.holds([one.id for one in letter if one.next_at > now], self._owner)
        lost = Delivery(lost=len(letter) - len(there))
        if not there:
            return lost
        return lost + self._hand_over([one for one in letter if one.id in there], lines, again)

    def _hand_over(self, letter: Letter, lines: _Lines, again: bool) -> Delivery:
        ids = [one.id for one in letter]
        try:
            recipient = self._press.reader(letter[0])
            outgoing = self._press.write(letter, recipient)
        except Exception as why:
            return self._not_written(letter, why)
        if not recipient.channels:
            return self._fail(letter, "this actor has no channel, or is disabled", "")
        refused = ""
        for way in recipient.channels:
            kind = way.kind if way.kind == "mail" else "apprise"
            try:
                lines.to(kind).send(outgoing(way.address))
            except PermanentFailure as why:
                refused = why.message
                continue
            except NoChannel as why:
                until = self._clock.now() + NO_CHANNEL_WAIT
                back = self._store.put_back(ids, self._owner, until, why.message, tried=False)
                return Delivery(later=back, lost=len(ids) - back)
            except PassingFailure as why:
                return Delivery(later=len(ids)) if again else self._later(letter, why.message, way.kind)
            except Exception as why:
                # Said by its kind only: the words of a library may repeat an address.
                return self._later(letter, f"the channel fails ({_kind(why)})", way.kind)
            sent = self._store.mark_sent(ids, self._owner, self._clock.now(), way.kind)
            return Delivery(sent=sent, lost=len(ids) - sent)
        return self._fail(letter, refused, recipient.channels[-1].kind)

    def _not_written(self, letter: Letter, why: Exception) -> Delivery:
        """Nobody reads it: it fails. Else one case or desk that can't be read must not hold up the others.

        Raises `why` where it concerns them all: a database that is away.
        """
        if isinstance(why, PermanentFailure):
            return self._fail(letter, why.message, "")
        if isinstance(why, Fault) and not isinstance(why, Unreadable):
            raise why
        return self._later(letter, f"it can't be written now ({_kind(why)})", "")

    def _later(self, letter: Letter, reason: str, channel: str) -> Delivery:
        tries = max(one.tries for one in letter)
        if tries + 1 >= MOST_TRIES:
            return self._fail(letter, f"given up after {MOST_TRIES} tries: {reason}", channel)
        # Spreads the load; no secret hangs on it.
        wait = backoff(tries, random.random())
        back = self._store.put_back([one.id for one in letter], self._owner, self._clock.now() + wait, reason)
        return Delivery(later=back, lost=len(letter) - back)

    def _told_instead(self, letter: Letter) -> Sequence[NewMessage]:
        try:
            return self._press.undelivered(letter)
        except Exception as why:
            # Its case can't be read: the row says that it failed, and `case list --overdue` lists it.
            if isinstance(why, Fault) and not isinstance(why, Unreadable):
                raise
            return ()

    def _fail(self, letter: Letter, reason: str, channel: str) -> Delivery:
        told = self._told_instead(letter)
        failed = self._store.mark_failed([one.id for one in letter], self._owner, reason, channel, told)
        return Delivery(failed=failed, lost=len(letter) - failed)


def _kind(why: Exception) -> str:
    return why.code if isinstance(why, PasserelleError) else type(why).__name__


class _Lines:
    """The connections of one batch: each opened at first need; one that can't be opened is not tried again."""

    def __init__(self, channels: Mapping[str, Channel], stack: ExitStack) -> None:
        self._channels, self._stack = channels, stack
        self._open: dict[str, Sender] = {}
        self._down: dict[str, str] = {}

    def to(self, kind: str) -> Sender:
        """Return the open connection of a channel; raises PassingFailure where there is none."""
        if kind in self._down:
            raise PassingFailure(self._down[kind])
        known = self._open.get(kind)
        if known is None:
            channel = self._channels.get(kind)
            if channel is None:
                raise NoChannel(f"no channel for {kind} is set up yet")
            try:
                line: AbstractContextManager[Sender] = channel.connect()
                known = self._open[kind] = self._stack.enter_context(line)
            except PassingFailure as why:
                self._down[kind] = why.message
                raise
        return known
