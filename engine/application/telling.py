"""From a row of the outbox to the words that leave: the actor's channels, language and level are looked up at the last moment."""

from __future__ import annotations

from collections.abc import Callable

from engine.application.casework import Casework
from engine.application.people import People
from engine.application.ports import Message, Outgoing, PermanentFailure, Recipient, Store
from engine.errors import UnknownName
from engine.notifications.render import Occasion, Press
from engine.sop.requirements import words
from engine.values import Kind, Level


class Telling:
    """Composes messages."""

    def __init__(self, store: Store, casework: Casework, people: People, press: Press) -> None:
        self._store, self._casework, self._people, self._press = store, casework, people, press

    def compose(self, message: Message) -> tuple[Recipient, Callable[[str], Outgoing]]:
        """Return who is told, and the message for one of their addresses.

        Raises:
            PermanentFailure: the actor is no longer there.
        """
        try:
            recipient = self._people.recipient(message.actor)
        except UnknownName:
            raise PermanentFailure("this actor is not known any more") from None
        language = self._press.language(recipient.language)
        level = self._level(message, recipient.level)
        occasion = self._occasion(message, level, language)
        said = self._press.render(occasion, level, language, recipient.zone)
        return recipient, lambda address: Outgoing(message.key, address, said.subject, said.body, language)

    def _level(self, message: Message, level: Level) -> Level:
        """A consulate never reads the title of a step, however its mail is protected: it would learn what the case is about."""
        if level is not Level.FULL:
            return level
        role = self._casework.load(message.ref).sop.sop.roles.get(message.role)
        return Level.DISCREET if role is not None and role.kind is Kind.CONSULATE else level

    def _occasion(self, message: Message, level: Level, language: str) -> Occasion:
        """Only a desk with full messages hears of a step: for the others nothing more is looked up."""
        step = acted = ""
        if level is Level.FULL:
            loaded = self._casework.load(message.ref)
            titled = loaded.sop.steps.get(message.step)
            step = words(titled.model.title, language) if titled is not None else message.step
            entry = self._store.entry(message.ref, message.seq)
            role = loaded.sop.sop.roles.get(entry.role) if entry is not None else None
            acted = words(role.title, language) if role is not None else ""
        return Occasion(message.ref, message.template, message.due_at, step, acted)
