"""Feeds: an actor's dates for a calendar of its own, under an address that is secret and can be revoked.

The address holds a random token of 256 bits; only its hash is kept, so that nobody who reads the database can read a feed. A feed
says when something is due and, for desks that may read references, of which case; never what, where or who.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from engine.application.casework import Casework, Loaded
from engine.application.people import People
from engine.application.ports import Cipher, Deadline, Store
from engine.cases.draft import active_steps
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.errors import UnknownName, Unreadable
from engine.notifications.dates import Date, as_icalendar
from engine.notifications.render import Press
from engine.values import Level


class Feeds:
    """Makes, reads and ends feeds."""

    def __init__(
        self, store: Store, cipher: Cipher, casework: Casework, people: People, press: Press, base_url: str, clock: Clock
    ) -> None:  # fmt: skip
        self._store, self._cipher, self._casework, self._people = store, cipher, casework, people
        self._press, self._base_url, self._clock = press, base_url, clock

    def make(self, actor: str) -> str:
        """Return a new secret address of an actor's feed; an earlier one ends. Raises UnknownName."""
        token = secrets.token_urlsafe(32)
        self._store.save_feed(_hashed(token), self._people.find(actor).id, self._clock.now())
        return f"{self._base_url}/dates/{token}.ics"

    def end(self, actor: str) -> bool:
        """Let an actor's address open nothing any more; False if there was none. Raises UnknownName."""
        return self._store.end_feed(self._people.find(actor).id)

    def read(self, token: str) -> str:
        """Return the feed that a token opens, as an .ics file; raises UnknownName where it opens none (any more)."""
        actor = self._store.feed_of(_hashed(token))
        if actor is None or not self._people.find(actor).enabled:
            raise UnknownName("There is no such address.")
        return self.dates(actor)

    def dates(self, actor: str) -> str:
        """Return what is due for an actor in the cases of which it may be told, as an .ics file; raises UnknownName."""
        found, now = self._people.find(actor), self._clock.now()
        named = found.level is not Level.SILENT
        dates = [
            Date(date_id(self._cipher, one.ref, one.step), one.due_at, one.ref if named else "")
            for one in self._store.deadlines()
            if one.kind == "due" and not one.held and self._concerns(one, found.id)
        ]
        return as_icalendar(dates, self._press.title_of_a_date(found.language), now)

    def _concerns(self, deadline: Deadline, actor: str) -> bool:
        """Whether it is this actor's turn at the step that is due, and it may be told."""
        try:
            loaded = self._casework.load(deadline.ref)
        except Unreadable:
            return False
        return any(self._may_be_told(loaded, role) for role in self._responsible(loaded, deadline, actor))

    def _responsible(self, loaded: Loaded, deadline: Deadline, actor: str) -> frozenset[str]:
        if deadline.step not in active_steps(loaded.sop, loaded.case):
            return frozenset()
        return loaded.case.roles_of(actor) & frozenset(loaded.sop.steps[deadline.step].model.responsible)

    def _may_be_told(self, loaded: Loaded, role: str) -> bool:
        return not why_not_told(loaded.sop, role, CaseView(loaded.case, loaded.facts, self._clock.now()))


def date_id(cipher: Cipher, ref: str, step: str) -> str:
    """Name an entry in readers' calendars: the same for the same deadline, and saying nothing of it."""
    said = f"date|{ref}|{step}"
    return hmac.new(cipher.mac_key(), said.encode(), hashlib.sha256).hexdigest()[:32]


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
