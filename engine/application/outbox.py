"""The courier: leases rows of the outbox, sends them, marks each after it has left.

Safe to be killed at any point: what was leased and not marked is due again when its lease runs out, under the same message id. A
failure that may pass puts the row back, later each time; one that won't makes it a task for a person. The plain loop `run` needs
nothing but the database and a channel; `workflows.courier` does the same under Prefect.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from engine.application.ports import (
    Channel,
    Message,
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


class Compose(Protocol):
    """Finds the recipient of a message, and makes the message for one of its addresses."""

    def __call__(self, message: Message) -> tuple[Recipient, Callable[[str], Outgoing]]: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a batch. `later` were put back, `lost` had been taken over by another courier."""

    sent: int = 0
    failed: int = 0
    later: int = 0
    lost: int = 0

    def __add__(self, other: Delivery) -> Delivery:
        return Delivery(
            self.sent + other.sent, self.failed + other.failed, self.later + other.later, self.lost + other.lost
        )


def backoff(tries: int, draw: float) -> timedelta:
    """Return how long to wait after so many tries: doubling, at most six hours, spread by half (`draw` in 0..1)."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(tries, 20), LONGEST_WAIT)
    return wait * (0.75 + draw / 2)


class Courier:
    """Delivers what is due. Each courier has a name of its own under which it leases."""

    def __init__(self, store: Store, compose: Compose, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._store, self._compose, self._channels, self._clock = store, compose, dict(channels), clock
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
        with ExitStack() as stack:
            lines = _Lines(self._channels, stack)
            for message in held:
                done += self._send(message, lines, again)
        return done

    def run(self) -> Delivery:
        """Deliver until nothing is due."""
        done = Delivery()
        while ids := self.lease():
            done += self.deliver(ids)
        return done

    def _send(self, message: Message, lines: _Lines, again: bool) -> Delivery:
        # Consent may have gone while the batch was on its way: then the row was cancelled. Or a slow server has used up the
        # lease: then somebody else may send it at this moment.
        if message.next_at <= self._clock.now() or not self._store.holds(message.id, self._owner):
            return Delivery(lost=1)
        try:
            recipient, outgoing = self._compose(message)
        except PermanentFailure as why:
            return self._fail(message, why.message, "")
        except Exception as why:
            # One case or desk that can't be read must not hold up the others; a database that is away concerns them all.
            if isinstance(why, Fault) and not isinstance(why, Unreadable):
                raise
            return self._later(message, f"it can't be written now ({_kind(why)})", "")
        if not recipient.channels:
            return self._fail(message, "this actor has no channel, or is disabled", "")
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
                back = self._store.put_back(message.id, self._owner, until, why.message, tried=False)
                return Delivery(later=1) if back else Delivery(lost=1)
            except PassingFailure as why:
                return Delivery(later=1) if again else self._later(message, why.message, way.kind)
            except Exception as why:
                # Said by its kind only: the words of a library may repeat an address.
                return self._later(message, f"the channel fails ({_kind(why)})", way.kind)
            if self._store.mark_sent(message.id, self._owner, self._clock.now(), way.kind):
                return Delivery(sent=1)
            return Delivery(lost=1)
        return self._fail(message, refused, recipient.channels[-1].kind)

    def _later(self, message: Message, reason: str, channel: str) -> Delivery:
        if message.tries + 1 >= MOST_TRIES:
            return self._fail(message, f"given up after {MOST_TRIES} tries: {reason}", channel)
        # Spreads the load; no secret hangs on it.
        wait = backoff(message.tries, random.random())
        back = self._store.put_back(message.id, self._owner, self._clock.now() + wait, reason)
        return Delivery(later=1) if back else Delivery(lost=1)

    def _fail(self, message: Message, reason: str, channel: str) -> Delivery:
        failed = self._store.mark_failed(message.id, self._owner, reason, channel)
        return Delivery(failed=1) if failed else Delivery(lost=1)


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
