"""A case as it is kept: one sealed snapshot that holds the configuration, the memory and what the procedure reads.

With it an action reads one row and not the history: its cost does not grow with the length of a case.
"""

from __future__ import annotations

import msgspec

from engine.application.ports import Cipher, StoredCase
from engine.calendars.business import Calendars
from engine.cases.case import Case, Facts, Move, RecordView
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


class Payload(msgspec.Struct, frozen=True):
    """What is sealed with a history entry: the move itself, and a note."""

    move: Move | Correction
    note: str = ""


_SNAPSHOTS = msgspec.msgpack.Decoder(Snapshot)
_PAYLOADS = msgspec.msgpack.Decoder(Payload)
_ENCODER = msgspec.msgpack.Encoder()


def seal_snapshot(cipher: Cipher, case: Case, facts: Facts) -> bytes:
    data = _ENCODER.encode(Snapshot(case, facts.records, facts.voided, facts.attributes))
    return cipher.seal(case.ref, f"cases|snapshot|{case.seq}", data)


def open_snapshot(cipher: Cipher, stored: StoredCase) -> Snapshot:
    """Raises Fault when the snapshot was changed, or is not the one of this entry of the history."""
    return _SNAPSHOTS.decode(cipher.open(stored.ref, f"cases|snapshot|{stored.seq}", stored.snapshot))


def facts_of(snapshot: Snapshot, calendars: Calendars) -> Facts:
    return Facts(calendars, snapshot.records, snapshot.voided, snapshot.attributes)


def seal_payload(cipher: Cipher, ref: str, seq: int, payload: Payload) -> bytes:
    return cipher.seal(ref, f"history|payload|{seq}", _ENCODER.encode(payload))


def open_payload(cipher: Cipher, ref: str, seq: int, sealed: bytes) -> Payload:
    return _PAYLOADS.decode(cipher.open(ref, f"history|payload|{seq}", sealed))
