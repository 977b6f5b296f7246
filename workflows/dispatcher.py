"""The loop of `serve`: carries messages and sweeps, through Prefect while it answers, plainly when it has been away too long.

Nothing here may stop a message for good: a flow that fails leaves its rows leased, and they are due again when the lease ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from engine.application.sweep import Swept
from engine.bootstrap import Application
from engine.errors import PasserelleError
from workflows import environment
from workflows.house import ignore, serving
from workflows.server import PrefectServer

PULSE: Final = 0.5
"""Seconds between two looks at the outbox."""

SWEEP_EVERY: Final = 60.0
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
        from workflows.clocks import sweep_due
        from workflows.courier import deliver_due

        with serving(self._house, told):
            self.runs += 1
            return int(await (deliver_due() if name == "deliver-due" else sweep_due()))

    def _is_away_too_long(self) -> bool:
        return self._away_since is not None and time.monotonic() - self._away_since >= self._patience

    async def serve(self, stop: asyncio.Event, report: Callable[[str], None]) -> None:
        """Carry, sweep and watch until `stop` is set; a fault is reported and tried again."""
        next_sweep, next_watch = 0.0, time.monotonic() + WATCH_EVERY
        while not stop.is_set():
            # Where Prefect can't even be started, the messages leave without it.
            with contextlib.suppress(OSError):
                self._server.start()
            try:
                if time.monotonic() >= next_watch:
                    next_watch = time.monotonic() + WATCH_EVERY
                    if await asyncio.to_thread(self._house.watchman.look_and_tell):
                        report("what is due was taken by nobody for a quarter of an hour")
                if time.monotonic() >= next_sweep:
                    next_sweep = time.monotonic() + SWEEP_EVERY
                    await self.sweep(report)
                sent = await self.carry()
                if sent:
                    report(f"{sent} messages delivered")
            except PasserelleError as fault:
                report(f"postponed: {fault.message}")
            except Exception as why:
                # By kind only: its words may hold anything. What was leased or claimed comes round again.
                report(f"postponed: an unforeseen fault ({type(why).__name__})")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PULSE)
