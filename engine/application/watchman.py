"""The dead man's switch: whether the sweep and the courier still run, seen from what waits, and the operator told if they don't.

The rows themselves say it: what is due and has waited for a quarter of an hour was taken by nobody. So no process has to report
that it lives, and one that hangs is noticed like one that is gone. Runs beside sweep and courier, best on another machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from engine.application.ports import Channel, Outgoing, PassingFailure, PermanentFailure, Store
from engine.clock import Clock
from engine.errors import Fault
from engine.notifications.render import Press

PATIENCE: Final = timedelta(minutes=15)
"""Longer than a lease of the sweep, so that a machine that crashed in the middle of a sweep and came back is no alarm."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """Since when nobody has taken what is due; None where all is well."""

    sweep: datetime | None = None
    courier: datetime | None = None

    def __bool__(self) -> bool:
        return self.sweep is not None or self.courier is not None

    @property
    def since(self) -> datetime | None:
        return min((one for one in (self.sweep, self.courier) if one is not None), default=None)


class Watchman:
    """Looks whether something stands still; `operator` is a mail address, empty where nobody is to be told."""

    def __init__(
        self, store: Store, channels: Mapping[str, Channel], press: Press, operator: str, clock: Clock
    ) -> None:
        self._store, self._channels, self._press = store, channels, press
        self._operator, self._clock = operator, clock

    def look(self) -> Standstill:
        """Say what stands still at this moment."""
        latest = self._clock.now() - PATIENCE
        sweep, courier = self._store.next_deadline_at(), self._store.next_message_at()
        return Standstill(
            sweep if sweep is not None and sweep < latest else None,
            courier if courier is not None and courier < latest else None,
        )

    def look_and_tell(self) -> Standstill:
        """Say what stands still, and tell the operator by mail; the mail says nothing of any case.

        Raises:
            Fault: the operator can't be told: there is no mail server, or it refuses.
        """
        found = self.look()
        if found.since is None or not self._operator:
            return found
        channel = self._channels.get("mail")
        if channel is None:
            raise Fault("the operator can't be told: no mail server is set up")
        said = self._press.standstill(found.since)
        # One id for one standstill: a mail server or a reader may drop a repeat.
        id = f"standstill-{found.since:%Y%m%d%H%M%S}"
        try:
            with channel.connect() as line:
                line.send(Outgoing(id, self._operator, said.subject, said.body, self._press.language("en")))
        except (PassingFailure, PermanentFailure) as why:
            raise Fault(f"the operator can't be told: {why.message}") from None
        return found
