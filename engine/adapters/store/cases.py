"""Cases, their history and records: the one hot place. At most seven statements and one commit for a move."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, insert, select, text, tuple_, update

from engine.adapters.store.database import Database, EntryRefused, Part, instant, micros, steps_text
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
_ONE = select(history).where(history.c.ref == bindparam("ref"), history.c.seq == bindparam("seq"))
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

_EXISTS: Final = "A case of this reference exists already, or its version is not published."
_MOVED: Final = "Somebody else moved this case at the same moment; nothing was changed."


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
        rare = change.held or change.shifted or change.cancelled or change.cancelled_entry is not None
        parts = _parts(change, self._ended(change))
        try:
            placed = self._with_rare(parts, change) if rare else self.move([*parts, *_told(change)])
        except EntryRefused as why:
            # A stale move may fail at its entry too: one of its number is there already.
            if change.read_seq is not None and "history" not in why.message:
                raise
            placed = False
        if not placed:
            raise Conflict(_EXISTS if change.read_seq is None else _MOVED)

    def note_refusal(self, refusal: StoredRefusal) -> None:
        row = {
            "ref": refusal.ref, "at": micros(refusal.at), "actor": refusal.actor[:64], "name": refusal.name[:130],
            "code": refusal.code,
        }  # fmt: skip
        with self.writing() as connection:
            self.run(connection, _REFUSAL, row)

    def entry_with_key(self, ref: str, key: str) -> Entry | None:
        row = self.look(_WITH_KEY, {"ref": ref, "key": key})
        return None if row is None else _entry_of(row)

    def entry(self, ref: str, seq: int) -> Entry | None:
        with self.reading() as connection:
            row = self.run(connection, _ONE, {"ref": ref, "seq": seq}).first()
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

    def _ended(self, change: Change) -> list[Part]:
        """End deadlines of the case: all, those of a step, or those that are named."""
        ref = change.case.ref
        if change.all_ended:
            return [(_END_ALL, [{"ref": ref}])]
        if len(change.ended_steps) == 1 and not change.ended:
            return [(_END_STEP, [{"ref": ref, "step": change.ended_steps[0]}])]
        if not change.ended_steps and not change.ended:
            return []
        steps, slots = list(change.ended_steps), [f"{step}/{name}" for step, name in change.ended]
        if self.is_sqlite:
            return [(_END_SQLITE, [{"ref": ref, "steps": steps_text(steps), "slots": steps_text(slots)}])]
        return [(_END_POSTGRESQL, [{"ref": ref, "steps": steps, "slots": slots}])]

    def _with_rare(self, parts: Sequence[Part], change: Change) -> bool:
        """Write a move that holds, shifts or cancels something: over SQLAlchemy, for it reads in between."""
        with self.writing() as connection:
            first, *others = parts
            if self.run(connection, first[0], *first[1]).rowcount != 1:
                connection.rollback()
                return False
            for statement, rows in others:
                self.run(connection, statement, list(rows))
            self._hold_and_shift(connection, change)
            self._cancel(connection, change)
            for statement, rows in _told(change):
                self.run(connection, statement, list(rows))
        return True

    def _hold_and_shift(self, connection: Any, change: Change) -> None:
        """Let deadlines stand still, or those that stood still go on later by so much; rare, so it writes each row anew."""
        steps = change.held or (change.shifted.steps if change.shifted else ())
        if not steps:
            return
        own = (deadlines.c.ref == change.case.ref) & deadlines.c.step.in_(steps)
        # What this very change has set, because its date became known during the pause, is right as it is.
        own &= tuple_(deadlines.c.step, deadlines.c.name).not_in([(one.step, one.name) for one in change.deadlines])
        found = [deadline_of(row) for row in connection.execute(select(deadlines).where(own))]
        connection.execute(delete(deadlines).where(own))
        later = [_moved(one, change) for one in found]
        if later:
            self.run(connection, _DEADLINE, [_deadline_row(one) for one in later])

    def _cancel(self, connection: Any, change: Change) -> None:
        waiting = outbox.c.state.in_([str(MessageState.QUEUED), str(MessageState.SENDING)])
        concerned = outbox.c.role.in_(change.cancelled) | (outbox.c.seq == change.cancelled_entry)
        connection.execute(
            update(outbox)
            .where(outbox.c.ref == change.case.ref, concerned, waiting)
            .values(state=str(MessageState.CANCELLED), next_at=None, owner="", reason="no longer allowed to leave")
        )


def _parts(change: Change, ended: Sequence[Part]) -> list[Part]:
    """Return what every move writes: the case first, provided nobody else has moved it since it was read."""
    case = change.case
    new = {
        "version": case.version, "seq": case.seq, "main": case.main, "outcome": case.outcome,
        "moved_at": micros(case.moved_at), "head": case.head, "snapshot": case.snapshot,
    }  # fmt: skip
    parts: list[Part]
    if change.read_seq is None:
        row = {**new, "ref": case.ref, "sop": case.sop, "launched_at": micros(case.launched_at)}
        parts = [(_BEGIN, [row])]
    else:
        moved = {f"new_{name}": value for name, value in new.items()}
        parts = [(_MOVE, [{**moved, "at_ref": case.ref, "read_seq": change.read_seq}])]
    parts.append((_ENTRY, [_entry_row(change.entry)]))
    if change.record is not None:
        parts.append((_RECORD, [_record_row(change.record)]))
    parts.extend(ended)
    if change.deadlines:
        parts.append((_DEADLINE, [_deadline_row(one) for one in change.deadlines]))
    return parts


def _told(change: Change) -> list[Part]:
    return [(NEW_MESSAGE, [message_row(one) for one in change.messages])] if change.messages else []


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


def _entry_of(row: Sequence[Any]) -> Entry:
    ref, seq, at, actor, role, move, name, from_steps, to_steps, key, payload, hash, previous_hash = row
    return Entry(
        ref, seq, instant(at), actor, role, move, name, tuple(msgspec.json.decode(from_steps)),
        tuple(msgspec.json.decode(to_steps)), key, bytes(payload), bytes(hash), bytes(previous_hash),
    )  # fmt: skip


def _record_row(record: StoredRecord) -> dict[str, Any]:
    return {"ref": record.ref, "seq": record.seq, "part": record.part, "draft": record.draft, "body": record.body}


def _deadline_row(one: Deadline) -> dict[str, Any]:
    return {
        "next_at": micros(NEVER if one.held else one.next_at), "id": secrets.randbits(62), "ref": one.ref, "step": one.step,
        "name": one.name, "kind": one.kind, "due_at": micros(one.due_at), "alarms": alarms_text(one.alarms),
        "held": one.held,
    }  # fmt: skip
