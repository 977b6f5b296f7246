"""The store as one: its parts together, and how it is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from engine.adapters.store.cases import Cases
from engine.adapters.store.database import instant, micros, postgresql_engine, sqlite_engine
from engine.adapters.store.schema import check_schema, upgrade
from engine.adapters.store.tables import actors, calendars, cases, feeds, rounds, sop_proofs, sop_versions
from engine.adapters.store.waiting import Waiting
from engine.application.ports import RecordedProof, SopVersion, StoredActor, StoredCalendar
from engine.settings import Settings

_ACTOR = select(actors).where(actors.c.id == bindparam("id"))


class SqlStore(Cases, Waiting):
    """Implements `engine.application.ports.Store` on SQLite and PostgreSQL."""

    def save_version(self, version: SopVersion, proofs: Sequence[RecordedProof] = ()) -> None:
        row = {
            "hash": version.hash, "sop": version.sop, "number": version.number, "content": version.content,
            "published_at": micros(version.published_at),
        }  # fmt: skip
        insert = sqlite.insert if self.is_sqlite else postgresql.insert
        with self.writing() as connection:
            connection.execute(insert(sop_versions).values(row).on_conflict_do_nothing(index_elements=["hash"]))
            if proofs:
                rows = [
                    {"version": version.hash, "number": number, **_row_of(one)} for number, one in enumerate(proofs)
                ]
                connection.execute(insert(sop_proofs).on_conflict_do_nothing(), rows)

    def proofs(self) -> Mapping[str, Sequence[RecordedProof]]:
        found: dict[str, list[RecordedProof]] = {}
        with self.reading() as connection:
            for row in connection.execute(select(sop_proofs).order_by(sop_proofs.c.version, sop_proofs.c.number)):
                found.setdefault(row.version, []).append(_proof_of(row))
        return found

    def version(self, hash: str) -> SopVersion | None:
        with self.reading() as connection:
            row = connection.execute(select(sop_versions).where(sop_versions.c.hash == hash)).first()
        return None if row is None else _version_of(row)

    def versions(self) -> Sequence[SopVersion]:
        with self.reading() as connection:
            rows = connection.execute(select(sop_versions).order_by(sop_versions.c.sop, sop_versions.c.number))
            return [_version_of(row) for row in rows]

    def open_cases(self) -> Mapping[str, int]:
        counted = select(cases.c.version, func.count()).where(cases.c.outcome.is_(None)).group_by(cases.c.version)
        with self.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(counted)}

    def calendar_hashes(self) -> Mapping[str, str]:
        with self.reading() as connection:
            return {row.country: row.hash for row in connection.execute(select(calendars.c.country, calendars.c.hash))}

    def calendar(self, country: str) -> StoredCalendar | None:
        with self.reading() as connection:
            row = connection.execute(select(calendars).where(calendars.c.country == country)).first()
        return None if row is None else StoredCalendar(row.country, row.hash, row.text, instant(row.counted_at))

    def save_calendars(self, found: Sequence[StoredCalendar]) -> None:
        rows = [
            {"country": one.country, "hash": one.hash, "text": one.text, "counted_at": micros(one.counted_at)}
            for one in found
        ]
        new = (sqlite.insert if self.is_sqlite else postgresql.insert)(calendars)
        kept = {name: new.excluded[name] for name in ("hash", "text", "counted_at")}
        with self.writing() as connection:
            for row in rows:
                connection.execute(new.values(row).on_conflict_do_update(index_elements=["country"], set_=kept))

    def round_done_at(self, name: str) -> datetime | None:
        with self.reading() as connection:
            found = connection.execute(select(rounds.c.done_at).where(rounds.c.name == name)).scalar()
        return None if found is None else instant(found)

    def note_round(self, name: str, at: datetime) -> None:
        self._put(rounds, "name", {"name": name, "done_at": micros(at)})

    def save_feed(self, token: str, actor: str, at: datetime) -> None:
        with self.writing() as connection:
            connection.execute(delete(feeds).where(feeds.c.actor == actor))
            connection.execute(feeds.insert().values(token=token, actor=actor, made_at=micros(at)))

    def feed_of(self, token: str) -> str | None:
        with self.reading() as connection:
            found: str | None = connection.execute(select(feeds.c.actor).where(feeds.c.token == token)).scalar()
        return found

    def end_feed(self, actor: str) -> bool:
        with self.writing() as connection:
            return bool(connection.execute(delete(feeds).where(feeds.c.actor == actor)).rowcount)

    def save_actor(self, actor: StoredActor) -> None:
        row = {
            "id": actor.id, "country": actor.country, "roles": json.dumps(actor.roles), "enabled": actor.enabled,
            "body": actor.body,
        }  # fmt: skip
        self._put(actors, "id", row)

    def _put(self, table: Table, key: str, row: Mapping[str, object]) -> None:
        """Keep a row; one of the same key is replaced."""
        new = (sqlite.insert if self.is_sqlite else postgresql.insert)(table).values(row)
        with self.writing() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=[key], set_=row))

    def actor(self, id: str) -> StoredActor | None:
        row = self.look(_ACTOR, {"id": id})
        return None if row is None else _actor_of(row)

    def actors(self) -> Sequence[StoredActor]:
        with self.reading() as connection:
            return [_actor_of(row) for row in connection.execute(select(actors).order_by(actors.c.id))]


def open_store(settings: Settings, key: bytes, *, upgrading: bool = False) -> SqlStore:
    """Open the database that the settings name.

    Args:
        key: 32 bytes; encrypts an SQLite file as a whole, unused for PostgreSQL.
        upgrading: bring the tables up to date first. An SQLite file always is; PostgreSQL is by `passerelle db upgrade`.
    Raises:
        Fault: it can't be reached or opened, or its tables are not ours or not of this version.
    """
    url = settings.database_url.get_secret_value()
    is_file = url.startswith("sqlite")
    engine = sqlite_engine(Path(url.removeprefix("sqlite:///")), key) if is_file else postgresql_engine(url)
    store = SqlStore(engine)
    try:
        if upgrading or store.is_sqlite:
            upgrade(store)
        check_schema(store)
    except BaseException:
        store.close()
        raise
    return store


def _version_of(row: Row[Any]) -> SopVersion:
    return SopVersion(row.sop, row.number, row.hash, row.content, instant(row.published_at))


def _row_of(proof: RecordedProof) -> dict[str, object]:
    return {
        "safeguard": proof.safeguard, "verdict": proof.verdict, "explored": proof.explored, "reason": proof.reason,
        "engine": proof.engine, "budget_states": proof.states, "budget_milliseconds": round(proof.seconds * 1000),
        "proved_at": micros(proof.proved_at),
    }  # fmt: skip


def _proof_of(row: Row[Any]) -> RecordedProof:
    return RecordedProof(
        row.safeguard, row.verdict, row.explored, row.reason, row.engine, row.budget_states, row.budget_milliseconds / 1000,
        instant(row.proved_at),
    )  # fmt: skip


def _actor_of(row: Sequence[Any]) -> StoredActor:
    id, country, roles, enabled, body = row
    return StoredActor(id, country, tuple(json.loads(roles)), bool(enabled), bytes(body))
