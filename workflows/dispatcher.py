"""The loop of `serve`: carries messages and sweeps, through Prefect while it answers, plainly when it has been away too long.

Nothing here may stop a message for good: a flow that fails leaves its rows leased, and they are due again when the lease ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from engine.application.sweep import Swept
from engine.bootstrap import Application
from engine.errors import PasserelleError
from workflows import environment
from workflows.house import ignore, serving
from workflows.server import PrefectServer

PULSE: Final = 0.5
"""Seconds between two looks at the outbox."""

SWEEP_EVERY: Final = 60.0
DIGEST_EVERY: Final = 3600.0
WATCH_EVERY: Final = 900.0


class Dispatcher:
    """Carries messages and lets time pass for `serve` and `demo`; remembers since when Prefect has been away.

    `runs` counts the flows that were begun, `plainly` the messages that left without Prefect.
    """

    def __init__(self, house: Application, server: PrefectServer, patience: float) -> None:
        self._house, self._server, self._patience = house, server, patience
        self._away_since: float | None = None
        self.plainly = 0
        self.runs = 0

    async def carry(self, *, at_once: bool = False) -> int:
        """Deliver what is due; returns how many messages were sent.

        `at_once`: don't wait for a Prefect that is away, deliver without it.
        """
        due = await asyncio.to_thread(self._house.store.next_message_at)
        if due is None or due > self._house.clock.now():
            return 0
        if (sent := await self._through_prefect("deliver-due")) is not None:
            return sent
        if at_once or self._is_away_too_long():
            sent = (await asyncio.to_thread(self._house.courier.run)).sent
            self.plainly += sent
            return sent
        return 0

    async def sweep(self, report: Callable[[str], None]) -> None:
        """Let everything happen whose time has come; a sweep waits for no Prefect."""

        def say(swept: Swept) -> None:
            if swept.messages or swept.fired:
                report(f"{swept.messages} reminders queued, {swept.fired} timed actions taken")
            if swept.recounted:
                report(f"{swept.recounted} deadlines moved, for a calendar has changed")
            for country in swept.faulty:
                report(f"the calendar of {country} has faults and was not taken up")
            for ref in sorted(set(swept.stuck)):
                report(f"the reminders of {ref} are held up: the case can't be read")

        if await self._through_prefect("sweep-due", say) is None:
            say(await asyncio.to_thread(self._house.sweep.run))

    async def digest(self, report: Callable[[str], None]) -> None:
        """Queue the weekly lists whose morning has come."""
        done = await self._through_prefect("digest")
        if done is None:
            done = await asyncio.to_thread(self._house.digests.run)
        if done:
            report(f"weekly lists queued: {done} lines")

    async def watch(self, report: Callable[[str], None]) -> None:
        """Look whether something stands still; not through Prefect, which may be what stands still."""
        if await asyncio.to_thread(self._house.watchman.look_and_tell):
            report("what is due was taken by nobody for a quarter of an hour")

    async def _through_prefect(self, name: str, told: Callable[[Swept], None] = ignore) -> int | None:
        """Run a flow; None if Prefect is away, or the run fails."""
        if await asyncio.to_thread(self._server.is_ready):
            try:
                done = await self._run(name, told)
                # Only now: one that says it is well and fails every run is away as well.
                self._away_since = None
                return done
            except Exception as why:
                # Whatever Prefect's client meets, our rows are safe; said by kind only, for its text may hold anything.
                if isinstance(why, PasserelleError):
                    raise
        if self._away_since is None:
            self._away_since = time.monotonic()
        return None

    async def _run(self, name: str, told: Callable[[Swept], None]) -> int:
        environment.apply(self._server.environment)
        # Imported here: it costs a second, and only once the settings stand.
        from workflows.clocks import digest, sweep_due
        from workflows.courier import deliver_due

        flows: dict[str, Callable[..., Any]] = {"deliver-due": deliver_due, "sweep-due": sweep_due, "digest": digest}
        with serving(self._house, told):
            self.runs += 1
            return int(await flows[name]())

    def _is_away_too_long(self) -> bool:
        return self._away_since is not None and time.monotonic() - self._away_since >= self._patience

    async def serve(self, stop: asyncio.Event, report: Callable[[str], None]) -> None:
        """Carry, and let come round what comes round, until `stop` is set; a fault is reported and tried again."""
        start = time.monotonic()
        rounds = [
            _Round(self.sweep, SWEEP_EVERY, start),
            _Round(self.digest, DIGEST_EVERY, start),
            _Round(self.watch, WATCH_EVERY, start + WATCH_EVERY),
        ]
        while not stop.is_set():
            # Where Prefect can't even be started, the messages leave without it.
            with contextlib.suppress(OSError):
                self._server.start()
            for one in rounds:
                if time.monotonic() >= one.next_at:
                    one.next_at = time.monotonic() + one.every
                    await _postponed(one.work(report), report)
            await _postponed(self._carry_and_say(report), report)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PULSE)

    async def _carry_and_say(self, report: Callable[[str], None]) -> None:
        sent = await self.carry()
        if sent:
            report(f"{sent} messages delivered")


@dataclass(slots=True)
class _Round:
    """Something that comes round: every so many seconds, next at (of the monotonic clock)."""

    work: Callable[[Callable[[str], None]], Awaitable[None]]
    every: float
    next_at: float


async def _postponed(work: Awaitable[None], report: Callable[[str], None]) -> None:
    """Do some work; whatever goes wrong with it is said, and holds up nothing else."""
    try:
        await work
    except PasserelleError as fault:
        report(f"postponed: {fault.message}")
    except Exception as why:
        # By kind only: its words may hold anything. What was leased or claimed comes round again.
        report(f"postponed: an unforeseen fault ({type(why).__name__})")
