"""What waits: messages to be sent and deadlines to come round, taken by one process at a time under a lease.

On PostgreSQL two couriers skip each other's rows (SKIP LOCKED); on SQLite a writer has the file to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ClauseElement, Connection, bindparam, func, select, text, update

from engine.adapters.store.database import Database, instant, micros
from engine.adapters.store.rows import NEW_MESSAGE, alarms_text, deadline_of, message_of, message_row
from engine.adapters.store.tables import cases, deadlines, outbox
from engine.application.ports import NEVER, Come, Deadline, Message, NewMessage
from engine.values import MessageState

_LEASE_SQLITE = (
    "UPDATE outbox SET state = 'sending', owner = :owner, next_at = :until WHERE id IN "
    "(SELECT id FROM outbox WHERE next_at <= :now ORDER BY next_at, id LIMIT :most) RETURNING id"
)
_LEASE_POSTGRESQL = (
    "UPDATE outbox SET state = 'sending', owner = %(owner)s, next_at = %(until)s WHERE id = ANY(ARRAY"
    "(SELECT id FROM outbox WHERE next_at <= %(now)s ORDER BY next_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)) RETURNING id"
)
_DUE = (
    select(deadlines)
    .where(deadlines.c.next_at <= bindparam("now"))
    .order_by(deadlines.c.next_at, deadlines.c.id)
    .limit(bindparam("most"))
)
_LATE = (
    select(deadlines)
    .where(
        deadlines.c.kind.in_(("due", "series", "watch")),
        deadlines.c.due_at < bindparam("now"),
        deadlines.c.held.is_(False),
    )
    .order_by(deadlines.c.ref, deadlines.c.due_at, deadlines.c.id)
)
_DUE_UNLOCKED = _DUE.with_for_update(skip_locked=True)
_TAKEN = (
    update(deadlines)
    .where(deadlines.c.next_at == bindparam("was"), deadlines.c.id == bindparam("at_id"))
    .values(next_at=bindparam("until"))
)
_AS_READ = (
    select(cases.c.ref, cases.c.seq)
    .where(cases.c.ref.in_(bindparam("refs", expanding=True)))
    .order_by(cases.c.ref)
    .with_for_update(read=True)
)
_MOVE_ON = text(
    "UPDATE deadlines SET next_at = :next, alarms = :left "
    "WHERE ref = :ref AND step = :step AND name = :name AND due_at = :due AND NOT held"
)
_MINE = "WHERE id = :id AND owner = :owner AND state = 'sending'"
_HELD = text("SELECT id FROM outbox " + _MINE)
_JOINED = text("UPDATE outbox SET letter = :letter " + _MINE)
_SENT = text(
    "UPDATE outbox SET state = 'sent', sent_at = :at, channel = :channel, tries = tries + 1, next_at = NULL, reason = '' "
    + _MINE
)
_FAILED = text(
    "UPDATE outbox SET state = 'failed', reason = :reason, channel = :channel, tries = tries + 1, next_at = NULL "
    + _MINE
)
_BACK = text(
    "UPDATE outbox SET state = 'queued', reason = :reason, next_at = :next, owner = '', tries = tries + :tried " + _MINE
)


class Waiting(Database):
    """The part of the store that holds the outbox's leases and the sweep's claims."""

    def lease(self, now: datetime, owner: str, limit: int, until: datetime) -> Sequence[int]:
        given = {"now": micros(now), "owner": owner, "most": limit, "until": micros(until)}
        with self.writing() as connection:
            rows = connection.exec_driver_sql(_LEASE_SQLITE if self.is_sqlite else _LEASE_POSTGRESQL, given)
            return sorted(row[0] for row in rows)

    def leased(self, ids: Sequence[int], owner: str) -> Sequence[Message]:
        held = (outbox.c.owner == owner) & (outbox.c.state == str(MessageState.SENDING))
        with self.reading() as connection:
            rows = connection.execute(select(outbox).where(outbox.c.id.in_(ids), held).order_by(outbox.c.id))
            return [message_of(row) for row in rows]

    def holds(self, ids: Sequence[int], owner: str) -> Sequence[int]:
        return [id for id in ids if self.look(_HELD, {"id": id, "owner": owner}) is not None]

    def join(self, ids: Sequence[int], owner: str, letter: str) -> None:
        self._mark(_JOINED, ids, {"owner": owner, "letter": letter})

    def mark_sent(self, ids: Sequence[int], owner: str, at: datetime, channel: str) -> int:
        return self._mark(_SENT, ids, {"owner": owner, "at": micros(at), "channel": channel})

    def mark_failed(
        self, ids: Sequence[int], owner: str, reason: str, channel: str, told: Sequence[NewMessage] = ()
    ) -> int:
        with self.writing() as connection:
            rows = [{"id": id, "owner": owner, "reason": reason, "channel": channel} for id in ids]
            failed: int = sum(self.run(connection, _FAILED, row).rowcount for row in rows)
            if failed:
                self._queue(connection, told)
        return failed

    def put_back(self, ids: Sequence[int], owner: str, next_at: datetime, reason: str, *, tried: bool = True) -> int:
        given = {"owner": owner, "next": micros(next_at), "reason": reason, "tried": int(tried)}
        return self._mark(_BACK, ids, given)

    def next_message_at(self) -> datetime | None:
        with self.reading() as connection:
            first = connection.execute(select(func.min(outbox.c.next_at))).scalar()
        return None if first is None else instant(first)

    def next_deadline_at(self) -> datetime | None:
        with self.reading() as connection:
            first = connection.execute(select(func.min(deadlines.c.next_at))).scalar()
        return None if first is None or instant(first) >= NEVER else instant(first)

    def queue(self, messages: Sequence[NewMessage]) -> None:
        with self.writing() as connection:
            self._queue(connection, messages)

    def late(self, now: datetime) -> Sequence[Deadline]:
        with self.reading() as connection:
            return [deadline_of(row) for row in connection.execute(_LATE, {"now": micros(now)})]

    def claim_due(self, now: datetime, limit: int, until: datetime) -> Sequence[Deadline]:
        with self.writing() as connection:
            wanted = _DUE if self.is_sqlite else _DUE_UNLOCKED
            rows = connection.execute(wanted, {"now": micros(now), "most": limit}).all()
            if rows:
                taken = [{"was": row.next_at, "at_id": row.id, "until": micros(until)} for row in rows]
                self.run(connection, _TAKEN, taken)
        return [deadline_of(row) for row in rows]

    def move_on(self, come: Sequence[Come]) -> int:
        messages: list[NewMessage] = []
        with self.writing() as connection:
            # A move of one of these cases waits until this is written, and then finds it: a mute cancels what is queued here.
            found = connection.execute(_AS_READ, {"refs": sorted({one.deadline.ref for one in come})})
            seqs = {row.ref: row.seq for row in found}
            for one in come:
                if seqs.get(one.deadline.ref) == one.seq and self._is_moved_on(connection, one.deadline):
                    messages += one.messages
            self._queue(connection, messages)
        return len(messages)

    def _is_moved_on(self, connection: Connection, one: Deadline) -> bool:
        given = {
            "ref": one.ref, "step": one.step, "name": one.name, "due": micros(one.due_at), "next": micros(one.next_at),
            "left": alarms_text(one.alarms),
        }  # fmt: skip
        return bool(self.run(connection, _MOVE_ON, given).rowcount)

    def _queue(self, connection: Connection, messages: Sequence[NewMessage]) -> None:
        """Queue messages; those whose key is known were queued before."""
        if messages:
            once = self.text(NEW_MESSAGE) + " ON CONFLICT (key) DO NOTHING"
            connection.exec_driver_sql(once, [message_row(one) for one in messages])

    def _mark(self, statement: ClauseElement, ids: Sequence[int], given: Mapping[str, object]) -> int:
        """Run a statement for each row, in one transaction; returns how many it changed."""
        rows = [{"id": id, **given} for id in ids]
        if len(rows) == 1:  # nearly always, and cheaper so
            return int(self.move([(statement, rows)]))
        with self.writing() as connection:
            return sum(self.run(connection, statement, row).rowcount for row in rows)
