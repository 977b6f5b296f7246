"""From rows of the outbox to the words that leave: who reads, when and in which words is looked up at the last moment.

What time alone brings forth for one reader leaves as one letter: nobody gets forty messages after a holiday or a standstill.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from engine.application.casework import Casework, Loaded
from engine.application.change import new_message
from engine.application.feeds import date_id
from engine.application.people import People
from engine.application.ports import Cipher, Message, NewMessage, Outgoing, PermanentFailure, Recipient, Store
from engine.application.reading import LADDER, ReadingHours
from engine.cases.draft import active_steps
from engine.cases.effects import Notify
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.errors import UnknownName
from engine.notifications.dates import Date, as_icalendar
from engine.notifications.render import Occasion, Press
from engine.sop.requirements import words
from engine.values import Kind, Level, MessageKind, Side

UNDELIVERED: Final = "undelivered"
"""The template of the word that another message will never arrive."""


class Telling:
    """Finds readers and moments, and composes letters."""

    def __init__(
        self, store: Store, cipher: Cipher, casework: Casework, people: People, hours: ReadingHours, press: Press, clock: Clock
    ) -> None:  # fmt: skip
        self._store, self._cipher, self._casework, self._people = store, cipher, casework, people
        self._hours, self._press, self._clock = hours, press, clock

    def reader(self, message: Message) -> Recipient:
        """Return who reads a message now: the actor who is told, or the deputy.

        Raises:
            PermanentFailure: the actor is no longer there.
        """
        try:
            return self._people.recipient(message.actor, self._clock.now())
        except UnknownName:
            raise PermanentFailure("this actor is not known any more") from None

    def moment(self, message: Message, reader: Recipient) -> datetime:
        """Return from when on a message may leave; not after now where it may leave now."""
        return self._hours.moment(message, reader, self._clock.now())

    def may_join(self, message: Message, reader: Recipient) -> bool:
        """Whether a message may leave in one letter with others of its reader."""
        return not message.urgent and message.template != "stop" and (reader.daily or message.kind in LADDER)

    def write(self, messages: Sequence[Message], reader: Recipient) -> Callable[[str], Outgoing]:
        """Return what makes the letter for one of the reader's addresses."""
        language = self._press.language(reader.language)
        level = self._level(messages, reader.level)
        occasions = [self._occasion(one, level, language) for one in messages]
        said = self._press.render(occasions, level, language, reader.zone, in_place=reader.in_place)
        key = messages[0].letter or messages[0].key
        dates = self._dates(messages, language) if level is Level.FULL else ""
        return lambda address: Outgoing(key, address, said.subject, said.body, language, dates)

    def _dates(self, messages: Sequence[Message], language: str) -> str:
        """Return what goes into the reader's own calendar: dates, and no word of what or where."""
        now = self._clock.now()
        found = {
            (one.ref, one.step): Date(date_id(self._cipher, one.ref, one.step), one.due_at)
            for one in messages
            if one.due_at is not None and one.due_at > now
        }
        return as_icalendar(found.values(), self._press.title_of_a_date(language), now) if found else ""

    def undelivered(self, messages: Sequence[Message]) -> list[NewMessage]:
        """Return who is told that these will never arrive: one person for each case, whom to call says `case list --overdue`.

        It is whoever made the move they follow from, else somebody responsible where the case stands; never the one who can't be
        reached. Of the failure of such a word itself nobody is told.
        """
        found: dict[tuple[str, str], NewMessage] = {}
        for message in messages:
            if message.template != UNDELIVERED:
                loaded = self._casework.load(message.ref)
                role = self._who_calls(loaded, message)
                if role is not None:
                    key = hashlib.sha256(f"{message.key}|{UNDELIVERED}".encode()).hexdigest()[:32]
                    notice = Notify(MessageKind.ESCALATION, role, message.step, UNDELIVERED)
                    told = new_message(loaded.case, notice, self._clock.now(), key)
                    urgent = message.urgent or message.template == "stop"
                    found.setdefault((message.ref, role), replace(told, urgent=urgent))
        return list(found.values())

    def _who_calls(self, loaded: Loaded, message: Message) -> str | None:
        """Return the role that is told, of those that may be told of the case at this moment."""
        entry = self._store.entry(message.ref, message.seq)
        roles = [] if entry is None else [entry.role]
        for step in active_steps(loaded.sop, loaded.case):
            roles += loaded.sop.steps[step].model.responsible
        view = CaseView(loaded.case, loaded.facts, self._clock.now())
        for role in roles:
            known, actor = loaded.sop.sop.roles.get(role), loaded.case.parties.get(role)
            if known is None or known.side is Side.PERSON or actor in (None, message.actor):
                continue
            if not why_not_told(loaded.sop, role, view):
                return role
        return None

    def _level(self, messages: Sequence[Message], level: Level) -> Level:
        """A consulate never reads the title of a step, however its mail is protected: it would learn what the case is about."""
        if level is Level.FULL and any(self._is_for_a_consulate(one) for one in messages):
            return Level.DISCREET
        return level

    def _is_for_a_consulate(self, message: Message) -> bool:
        role = self._casework.load(message.ref).sop.sop.roles.get(message.role)
        return role is not None and role.kind is Kind.CONSULATE

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
