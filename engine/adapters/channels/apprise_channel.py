"""Every other channel through Apprise; never mail, for which it waits seconds between messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.application.ports import Outgoing, PassingFailure, PermanentFailure, Sender

OTHER: Final = "apprise"


class AppriseChannel:
    """Sends to an address of Apprise, such as json://host/path."""

    kind = OTHER

    @contextmanager
    def connect(self) -> Iterator[Sender]:
        # Its log would hold addresses and words of messages.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        yield self

    def send(self, message: Outgoing) -> None:
        # Imported here: it costs a fifth of a second, and most houses use mail only.
        import apprise

        way = apprise.Apprise.instantiate(message.address, suppress_exceptions=True)
        if way is None:
            raise PermanentFailure("the address of this channel can't be read")
        if not way.notify(body=message.body, title=message.subject):
            raise PassingFailure("the channel did not take the message")
