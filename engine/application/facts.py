"""A case as it is kept: one sealed snapshot that holds the configuration, the memory and what the procedure reads.

With it an action reads one row and not the history: its cost does not grow with the length of a case.
"""

from __future__ import annotations

import msgspec

from engine.application.ports import Cipher, StoredCase
from engine.calendars.business import Calendars
from engine.cases.case import Case, Facts, Move, RecordView
from engine.cases.effects import SetDeadline
from engine.cases.names import Migrate
from engine.errors import Unreadable
from engine.values import Value


class Snapshot(msgspec.Struct, frozen=True):
    """What is sealed with a case's row."""

    case: Case
    records: dict[str, RecordView]
    voided: dict[str, str]
    attributes: dict[str, Value]


class Correction(msgspec.Struct, frozen=True, tag="correct"):
    """The entry `seq` counts no more."""

    seq: int
    actor: str


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """The migration that is entry `seq` is undone: the case stands as it stood before."""

    seq: int


class Left(msgspec.Struct, frozen=True):
    """What a migration leaves, so that it can be undone: the case and its deadlines, and the messages that may not leave."""

    snapshot: Snapshot
    clocks: tuple[SetDeadline, ...]
    silenced: tuple[str, ...]


class Payload(msgspec.Struct, frozen=True):
    """What is sealed with a history entry: the move itself, and a note; `left` with a migration."""

    move: Move | Correction | Migrate | Undo
    note: str = ""
    left: Left | None = None


_SNAPSHOTS = msgspec.msgpack.Decoder(Snapshot)
_PAYLOADS = msgspec.msgpack.Decoder(Payload)
_ENCODER = msgspec.msgpack.Encoder()


def snapshot_of(case: Case, facts: Facts) -> Snapshot:
    return Snapshot(case, facts.records, facts.voided, facts.attributes)


def seal_snapshot(cipher: Cipher, case: Case, facts: Facts) -> bytes:
    data = _ENCODER.encode(snapshot_of(case, facts))
    return cipher.seal(case.ref, f"cases|snapshot|{case.seq}", data)


def open_snapshot(cipher: Cipher, stored: StoredCase) -> Snapshot:
    """Raises Unreadable when the snapshot was changed, or is not the one of this entry of the history."""
    data = cipher.open(stored.ref, f"cases|snapshot|{stored.seq}", stored.snapshot)
    try:
        return _SNAPSHOTS.decode(data)
    except msgspec.DecodeError:
        raise Unreadable(f"what is kept of {stored.ref} is not a case of this version of the program") from None


def facts_of(snapshot: Snapshot, calendars: Calendars) -> Facts:
    return Facts(calendars, snapshot.records, snapshot.voided, snapshot.attributes)


def seal_payload(cipher: Cipher, ref: str, seq: int, payload: Payload) -> bytes:
    return cipher.seal(ref, f"history|payload|{seq}", _ENCODER.encode(payload))


def open_payload(cipher: Cipher, ref: str, seq: int, sealed: bytes) -> Payload:
    return _PAYLOADS.decode(cipher.open(ref, f"history|payload|{seq}", sealed))
