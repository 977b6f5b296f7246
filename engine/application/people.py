"""Actors as they are kept: what identifies a desk is sealed, what finds it is not."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.actors.model import Actor
from engine.application.ports import Address, Cipher, Recipient, Store, StoredActor
from engine.calendars.almanac import Almanac
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName

SCOPE = "actors"


class People:
    """The people and desks who are told."""

    def __init__(self, store: Store, cipher: Cipher, almanac: Almanac) -> None:
        self._store, self._cipher, self._almanac = store, cipher, almanac

    def add(self, actors: Sequence[Actor]) -> None:
        """Keep actors; one of the same id is replaced."""
        self._cipher.make_key(SCOPE)
        for actor in actors:
            body = self._cipher.seal(
                SCOPE, f"actors|body|{actor.id}", msgspec.json.encode(actor.model_dump(mode="json"))
            )
            self._store.save_actor(StoredActor(actor.id, actor.country, actor.roles, actor.enabled, body))

    def all(self) -> list[Actor]:
        return [self._opened(stored) for stored in self._store.actors()]

    def find(self, id: str) -> Actor:
        """Return an actor; raises UnknownName."""
        stored = self._store.actor(id)
        if stored is None:
            known = [one.id for one in self._store.actors()]
            raise UnknownName(f'There is no actor "{id}".', [did_you_mean(id, known, "actors")])
        return self._opened(stored)

    def disable(self, id: str) -> None:
        """Let an actor be told nothing any more; raises UnknownName."""
        self.add([self.find(id).model_copy(update={"enabled": False})])

    def recipient(self, id: str) -> Recipient:
        """Return what the courier needs; raises UnknownName."""
        actor = self.find(id)
        ways = tuple(Address(way.kind, way.address) for way in actor.channels) if actor.enabled else ()
        return Recipient(actor.id, actor.language, actor.level, self._almanac.zone_name(actor.country), ways)

    def _opened(self, stored: StoredActor) -> Actor:
        return Actor.model_validate(
            msgspec.json.decode(self._cipher.open(SCOPE, f"actors|body|{stored.id}", stored.body))
        )
