"""Actors as they are kept: what identifies a desk is sealed, what finds it is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from engine.actors.model import Absence, Actor
from engine.application.ports import Address, Cipher, Recipient, Store, StoredActor
from engine.calendars.almanac import Almanac
from engine.clock import zone
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, WrongUse

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
                SCOPE, f"actors|body|{actor.id}", msgspec.json.encode(actor.model_dump(mode="json", by_alias=True))
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

    def absent(self, id: str, first: date, last: date, deputy: str) -> None:
        """Let a deputy be told, and act, on these days (both included).

        Raises:
            UnknownName: there is no such actor or deputy.
            WrongUse: the deputy can't be reached, is in another country, or does not stand for all of the actor's roles: it would
                learn what is not meant for it.
        """
        away, stands_in = self.find(id), self.find(deputy)
        if away.id == stands_in.id:
            raise WrongUse("Nobody is a deputy of oneself.")
        if not stands_in.enabled or not stands_in.channels:
            raise WrongUse(f'"{deputy}" can\'t be reached: it is disabled, or has no channel.')
        if away.country != stands_in.country:
            raise WrongUse(f'"{deputy}" is in {stands_in.country}, and "{id}" in {away.country}.')
        lacking = sorted(set(away.roles) - set(stands_in.roles))
        if lacking:
            raise WrongUse(f'"{deputy}" does not stand for: {", ".join(lacking)}.')
        if last < first:
            raise WrongUse("An absence ends before it begins.")
        absence = Absence(first=first, last=last, deputy=deputy)
        kept = [one for one in away.absences if one.last < first or one.first > last]
        ordered = sorted([*kept, absence], key=lambda one: one.first)
        self.add([away.model_copy(update={"absences": tuple(ordered)})])

    def back(self, id: str) -> None:
        """End an actor's absences; raises UnknownName."""
        self.add([self.find(id).model_copy(update={"absences": ()})])

    def stands_in_for(self, id: str, now: datetime) -> frozenset[str]:
        """Return the actors whose deputy this one is at `now`, by the clocks of their country."""
        return frozenset(one.id for one in self.all() if self._reader(one, now).id == id and one.id != id)

    def recipient(self, id: str, now: datetime) -> Recipient:
        """Return what the courier needs to reach whoever reads for this actor at `now`; raises UnknownName."""
        actor = self.find(id)
        reader = self._reader(actor, now)
        ways = tuple(Address(way.kind, way.address) for way in reader.channels) if reader.enabled else ()
        where = self._almanac.zone_name(reader.country)
        return Recipient(
            reader.id, reader.country, reader.language, reader.level, where, ways, reader.id != actor.id, reader.daily
        )

    def _reader(self, actor: Actor, now: datetime) -> Actor:
        """Follow deputies; where they lead to nobody who can be reached, the actor itself is told rather than nobody."""
        today = now.astimezone(zone(self._almanac.zone_name(actor.country))).date()
        seen, reader = {actor.id}, actor
        while (deputy := reader.deputy_on(today)) is not None:
            stored = self._store.actor(deputy)
            if deputy in seen or stored is None:
                return actor
            seen.add(deputy)
            reader = self._opened(stored)
        return reader if reader.enabled and reader.channels else actor

    def _opened(self, stored: StoredActor) -> Actor:
        return Actor.model_validate(
            msgspec.json.decode(self._cipher.open(SCOPE, f"actors|body|{stored.id}", stored.body))
        )
