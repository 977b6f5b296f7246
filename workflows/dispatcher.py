"""The long-lived loop that carries messages: through Prefect while it answers, by the plain courier when it has been away too long.

Nothing here may stop a message for good: a flow that fails leaves its rows leased, and they are due again when the lease ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from engine.application.outbox import Courier
from engine.application.ports import Store
from engine.application.sweep import Sweep
from engine.clock import Clock
from engine.errors import PasserelleError
from workflows import environment
from workflows.server import PrefectServer

PULSE: Final = 0.5
"""Seconds between two looks at the outbox."""

SWEEP_EVERY: Final = 60.0


class Dispatcher:
    """Carries messages for `serve` and `demo`; remembers since when Prefect has been away."""

    def __init__(self, store: Store, courier: Courier, clock: Clock, server: PrefectServer, patience: float) -> None:
        self._store, self._courier, self._clock = store, courier, clock
        self._server, self._patience = server, patience
        self._away_since: float | None = None
        self.plainly = 0
        self.runs = 0

    async def carry(self, *, at_once: bool = False) -> int:
        """Deliver what is due; returns how many messages were sent.

        `at_once`: don't wait for a Prefect that is away, deliver without it.
        """
        due = await asyncio.to_thread(self._store.next_message_at)
        if due is None or due > self._clock.now():
            return 0
        if await asyncio.to_thread(self._server.is_ready):
            try:
                sent = await self._through_prefect()
                # Only now: one that says it is well and fails every run is away as well.
                self._away_since = None
                return sent
            except Exception as why:
                # Whatever Prefect's client meets, our rows are safe; said by kind only, for its text may hold anything.
                if isinstance(why, PasserelleError):
                    raise
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if at_once or now - self._away_since >= self._patience:
            sent = (await asyncio.to_thread(self._courier.run)).sent
            self.plainly += sent
            return sent
        return 0

    async def _through_prefect(self) -> int:
        environment.apply(self._server.environment)
        # Imported here: it costs a second, and only once the settings stand.
        from workflows.courier import deliver_due, serving

        with serving(self._courier):
            self.runs += 1
            return int(await deliver_due())

    async def serve(self, sweep: Sweep, stop: asyncio.Event, report: Callable[[str], None]) -> None:
        """Carry and sweep until `stop` is set; a fault is reported and tried again."""
        next_sweep = 0.0
        while not stop.is_set():
            # Where Prefect can't even be started, the messages leave without it.
            with contextlib.suppress(OSError):
                self._server.start()
            try:
                if time.monotonic() >= next_sweep:
                    next_sweep = time.monotonic() + SWEEP_EVERY
                    swept = await asyncio.to_thread(sweep.run)
                    if swept.messages or swept.fired:
                        report(f"{swept.messages} reminders queued, {swept.fired} timed actions taken")
                    if swept.recounted:
                        report(f"{swept.recounted} deadlines moved, for a calendar has changed")
                    for country in swept.faulty:
                        report(f"the calendar of {country} has faults and was not taken up")
                    for ref in sorted(set(swept.stuck)):
                        report(f"the reminders of {ref} are held up: the case can't be read")
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
