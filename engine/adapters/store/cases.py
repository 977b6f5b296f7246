"""Cases, their history and records: the one hot place. At most seven statements and one commit for a move."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Row, bindparam, delete, insert, select, text, update

from engine.adapters.store.database import INTEGRITY_ERRORS, Database, instant, micros, steps_text
from engine.adapters.store.rows import NEW_MESSAGE, alarms_text, deadline_of, message_of, message_row
from engine.adapters.store.tables import cases, deadlines, history, outbox, records, refusals
from engine.application.ports import NEVER, Change, Deadline, Entry, Message, StoredCase, StoredRecord, StoredRefusal
from engine.errors import Conflict
from engine.values import MessageState

_CASE = select(cases).where(cases.c.ref == bindparam("ref"))
_BEGIN = insert(cases)
_MOVE = (
    update(cases)
    .where(cases.c.ref == bindparam("at_ref"), cases.c.seq == bindparam("read_seq"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("version", "seq", "main", "outcome", "moved_at", "head", "snapshot")
        }
    )
)
_ENTRY = insert(history)
_RECORD = insert(records)
_DEADLINE = insert(deadlines)
_REFUSAL = insert(refusals).inline().values({c.name: bindparam(c.name) for c in refusals.c if c.name != "id"})
_END_ALL = delete(deadlines).where(deadlines.c.ref == bindparam("ref"))
_END_STEP = _END_ALL.where(deadlines.c.step == bindparam("step"))
_WITH_KEY = select(history).where(history.c.ref == bindparam("ref"), history.c.key == bindparam("key"))
_HISTORY = select(history).where(history.c.ref == bindparam("ref")).order_by(history.c.seq)
_RECORDS = select(records).where(records.c.ref == bindparam("ref")).order_by(records.c.seq)

_END_SQLITE = text(
    "DELETE FROM deadlines WHERE ref = :ref AND (step IN (SELECT value FROM json_each(:steps)) "
    "OR step || '/' || name IN (SELECT value FROM json_each(:slots)))"
)
_END_POSTGRESQL = text(
    "DELETE FROM deadlines WHERE ref = :ref AND (step = ANY(CAST(:steps AS text[])) "
    "OR step || '/' || name = ANY(CAST(:slots AS text[])))"
)


class Cases(Database):
    """The part of the store that holds cases."""

    def case(self, ref: str) -> StoredCase | None:
        row = self.look(_CASE, {"ref": ref})
        return None if row is None else _case_of(row)

    def cases(self) -> Iterable[StoredCase]:
        with self.reading() as connection:
            rows = connection.execute(select(cases).order_by(cases.c.moved_at.desc(), cases.c.ref)).all()
        return [_case_of(row) for row in rows]

    def commit(self, change: Change) -> None:
        rare = change.held or change.shifted or change.cancelled
        with self.writing() if rare else self.moving() as connection:
            self._place(connection, change)
            try:
                self.run(connection, _ENTRY, _entry_row(change.entry))
            except INTEGRITY_ERRORS:
                raise Conflict("Somebody else moved this case at the same moment; nothing was changed.") from None
            if change.record is not None:
                self.run(connection, _RECORD, _record_row(change.record))
            self._end(connection, change)
            if change.deadlines:
                self.run(connection, _DEADLINE, [_deadline_row(one) for one in change.deadlines])
            if rare:
                self._hold_and_shift(connection, change)
                self._cancel(connection, change)
            if change.messages:
                self.run(connection, NEW_MESSAGE, [message_row(one) for one in change.messages])

    def note_refusal(self, refusal: StoredRefusal) -> None:
        row = {
            "ref": refusal.ref, "at": micros(refusal.at), "actor": refusal.actor[:64], "name": refusal.name[:130],
            "code": refusal.code,
        }  # fmt: skip
        with self.writing() as connection:
            self.run(connection, _REFUSAL, row)

    def entry_with_key(self, ref: str, key: str) -> Entry | None:
        with self.reading() as connection:
            row = self.run(connection, _WITH_KEY, {"ref": ref, "key": key}).first()
        return None if row is None else _entry_of(row)

    def history(self, ref: str) -> Sequence[Entry]:
        with self.reading() as connection:
            return [_entry_of(row) for row in self.run(connection, _HISTORY, {"ref": ref})]

    def records(self, ref: str) -> Sequence[StoredRecord]:
        with self.reading() as connection:
            rows = self.run(connection, _RECORDS, {"ref": ref})
            return [StoredRecord(row.ref, row.seq, row.part, bool(row.draft), bytes(row.body)) for row in rows]

    def deadlines(self, ref: str | None = None) -> Sequence[Deadline]:
        wanted = select(deadlines).order_by(deadlines.c.due_at, deadlines.c.step, deadlines.c.name, deadlines.c.ref)
        if ref is not None:
            wanted = wanted.where(deadlines.c.ref == ref)
        with self.reading() as connection:
            return [deadline_of(row) for row in connection.execute(wanted)]

    def messages(self, ref: str | None = None, states: Sequence[MessageState] = ()) -> Sequence[Message]:
        wanted = select(outbox).order_by(outbox.c.id)
        if ref is not None:
            wanted = wanted.where(outbox.c.ref == ref)
        if states:
            wanted = wanted.where(outbox.c.state.in_([str(one) for one in states]))
        with self.reading() as connection:
            return [message_of(row) for row in connection.execute(wanted)]

    def _place(self, connection: Any, change: Change) -> None:
        """Begin the case or move it on, provided nobody else has since it was read."""
        case = change.case
        new = {
            "version": case.version, "seq": case.seq, "main": case.main, "outcome": case.outcome,
            "moved_at": micros(case.moved_at), "head": case.head, "snapshot": case.snapshot,
        }  # fmt: skip
        if change.read_seq is None:
            row = {**new, "ref": case.ref, "sop": case.sop, "launched_at": micros(case.launched_at)}
            try:
                self.run(connection, _BEGIN, row)
            except INTEGRITY_ERRORS:
                raise Conflict("A case of this reference exists already, or its version is not published.") from None
            return
        moved = {f"new_{name}": value for name, value in new.items()}
        if self.run(connection, _MOVE, {**moved, "at_ref": case.ref, "read_seq": change.read_seq}).rowcount != 1:
            raise Conflict("Somebody else moved this case at the same moment; nothing was changed.")

    def _end(self, connection: Any, change: Change) -> None:
        if change.all_ended:
            self.run(connection, _END_ALL, {"ref": change.case.ref})
        elif len(change.ended_steps) == 1 and not change.ended:
            self.run(connection, _END_STEP, {"ref": change.case.ref, "step": change.ended_steps[0]})
        elif change.ended_steps or change.ended:
            steps, slots = list(change.ended_steps), [f"{step}/{name}" for step, name in change.ended]
            if self.is_sqlite:
                given: dict[str, Any] = {"steps": steps_text(steps), "slots": steps_text(slots)}
            else:
                given = {"steps": steps, "slots": slots}
            self.run(connection, _END_SQLITE if self.is_sqlite else _END_POSTGRESQL, {"ref": change.case.ref, **given})

    def _hold_and_shift(self, connection: Any, change: Change) -> None:
        """Let deadlines stand still, or those that stood still go on later by so much; rare, so it writes each row anew."""
        steps = change.held or (change.shifted.steps if change.shifted else ())
        if not steps:
            return
        own = (deadlines.c.ref == change.case.ref) & deadlines.c.step.in_(steps)
        if change.shifted is not None:
            # What this very change has set, because its date became known during the pause, is right as it is.
            own &= deadlines.c.held
        found = [deadline_of(row) for row in connection.execute(select(deadlines).where(own))]
        connection.execute(delete(deadlines).where(own))
        later = [_moved(one, change) for one in found]
        if later:
            self.run(connection, _DEADLINE, [_deadline_row(one) for one in later])

    def _cancel(self, connection: Any, change: Change) -> None:
        waiting = outbox.c.state.in_([str(MessageState.QUEUED), str(MessageState.SENDING)])
        connection.execute(
            update(outbox)
            .where(outbox.c.ref == change.case.ref, outbox.c.role.in_(change.cancelled), waiting)
            .values(state=str(MessageState.CANCELLED), next_at=None, owner="", reason="no longer allowed to leave")
        )


def _moved(one: Deadline, change: Change) -> Deadline:
    if change.shifted is None:
        return replace(one, held=True)
    by = timedelta(seconds=change.shifted.seconds)
    alarms = tuple(replace(alarm, at=alarm.at + by) for alarm in one.alarms)
    return replace(
        one, held=False, due_at=one.due_at + by, alarms=alarms, next_at=alarms[0].at if alarms else one.due_at + by
    )


def _case_of(row: Sequence[Any]) -> StoredCase:
    ref, sop, version, seq, main, outcome, launched_at, moved_at, head, snapshot = row
    return StoredCase(
        ref, sop, version, seq, main, outcome, instant(launched_at), instant(moved_at), bytes(head), bytes(snapshot)
    )


def _entry_row(entry: Entry) -> dict[str, Any]:
    return {
        "ref": entry.ref, "seq": entry.seq, "at": micros(entry.at), "actor": entry.actor, "role": entry.role,
        "move": entry.move, "name": entry.name, "from_steps": steps_text(entry.from_steps),
        "to_steps": steps_text(entry.to_steps), "key": entry.key, "payload": entry.payload, "hash": entry.hash,
        "previous_hash": entry.previous_hash,
    }  # fmt: skip


def _entry_of(row: Row[Any]) -> Entry:
    return Entry(
        row.ref, row.seq, instant(row.at), row.actor, row.role, row.move, row.name, tuple(msgspec.json.decode(row.from_steps)),
        tuple(msgspec.json.decode(row.to_steps)), row.key, bytes(row.payload), bytes(row.hash), bytes(row.previous_hash),
    )  # fmt: skip


def _record_row(record: StoredRecord) -> dict[str, Any]:
    return {"ref": record.ref, "seq": record.seq, "part": record.part, "draft": record.draft, "body": record.body}


def _deadline_row(one: Deadline) -> dict[str, Any]:
    return {
        "next_at": micros(NEVER if one.held else one.next_at), "id": secrets.randbits(62), "ref": one.ref, "step": one.step,
        "name": one.name, "kind": one.kind, "due_at": micros(one.due_at), "alarms": alarms_text(one.alarms),
        "held": one.held,
    }  # fmt: skip
