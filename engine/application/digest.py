"""The weekly list: what is late, and where it waits, for whoever wants it.

One row of the outbox for each late thing of each of the reader's cases, so that each is told apart on record; they leave as one
letter on Monday morning. A week in which nothing is late brings no letter. Whoever may not be told of a case finds it on no list.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from engine.actors.model import Actor
from engine.application.casework import Casework, Loaded
from engine.application.change import new_message
from engine.application.people import People
from engine.application.ports import Cipher, Deadline, NewMessage, Store
from engine.application.reading import ReadingHours
from engine.cases.effects import Notify
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.errors import Unreadable
from engine.values import MessageKind

TEMPLATE = "late"


class Digests:
    """Makes weekly lists."""

    def __init__(
        self, store: Store, cipher: Cipher, casework: Casework, people: People, hours: ReadingHours, clock: Clock
    ) -> None:
        self._store, self._cipher, self._casework = store, cipher, casework
        self._people, self._hours, self._clock = people, hours, clock

    def run(self) -> int:
        """Queue this week's lists for those who have not had theirs; returns how many rows. A missed week is made up once."""
        now, queued = self._clock.now(), 0
        waiting = [one for one in self._people.all() if one.weekly and one.enabled and self._is_due(one, now)]
        if not waiting:
            return 0
        late = self._store.late(now)
        for actor in waiting:
            messages = [one for deadline in late for one in self._rows(actor, deadline, now)]
            self._store.queue(messages)
            self._store.note_round(_name(actor), now)
            queued += len(messages)
        return queued

    def _is_due(self, actor: Actor, now: datetime) -> bool:
        """Whether the week's first working morning of the reader has come, and the last list is from before."""
        reader = self._people.recipient(actor.id, now)
        begun = self._hours.week_begins(reader, now)
        last = self._store.round_done_at(_name(actor))
        return begun <= now and (last is None or last < begun)

    def _rows(self, actor: Actor, deadline: Deadline, now: datetime) -> Iterable[NewMessage]:
        try:
            loaded = self._casework.load(deadline.ref)
        except Unreadable:
            return  # `case list` says which cases can't be read
        role = self._role(loaded, actor, now)
        if role is not None:
            said = f"{TEMPLATE}|{actor.id}|{deadline.ref}|{deadline.step}|{deadline.name}|{now:%G-%V}"
            key = hmac.new(self._cipher.mac_key(), said.encode(), hashlib.sha256).hexdigest()[:32]
            notice = Notify(MessageKind.DIGEST, role, deadline.step or loaded.case.main, TEMPLATE)
            yield replace(new_message(loaded.case, notice, now, key), due_at=deadline.due_at)

    def _role(self, loaded: Loaded, actor: Actor, now: datetime) -> str | None:
        view = CaseView(loaded.case, loaded.facts, now)
        own = sorted(loaded.case.roles_of(actor.id))
        return next((role for role in own if not why_not_told(loaded.sop, role, view)), None)


def _name(actor: Actor) -> str:
    return f"weekly {actor.id}"
