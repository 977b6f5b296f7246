"""Mail into a folder, for rehearsals: one file per message, whole or not at all, a repeat in the place of the first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.adapters.channels.mail import as_mail
from engine.application.ports import Outgoing, PassingFailure, Sender
from engine.clock import Clock


class FolderChannel:
    """Writes each message as `<id>.eml`, readable by the owner only."""

    kind = "mail"

    def __init__(self, folder: Path, sender: tuple[str, str], clock: Clock) -> None:
        self._folder, self._sender, self._clock = folder, sender, clock

    @contextmanager
    def connect(self) -> Iterator[Sender]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as why:
            raise PassingFailure(f"the mail folder can't be made: {why.strerror}") from None
        yield self

    def send(self, message: Outgoing) -> None:
        mail = as_mail(message, self._sender, self._clock.now())
        part = self._folder / f".{message.id}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(mail)
            part.replace(self._folder / f"{message.id}.eml")
        except OSError as why:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise PassingFailure(f"the mail folder can't be written: {why.strerror}") from None
