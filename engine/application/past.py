"""The moves of a case that still count, read from its history, so that it can be played again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.application.facts import Correction, Undo, open_payload
from engine.application.ports import Cipher, Entry, Store
from engine.cases.case import Enter
from engine.cases.names import Migrate, PlayedMigration
from engine.cases.replay import Played
from engine.forms.record import Record

_RECORDS = msgspec.json.Decoder(Record)


def moves_that_count(
    store: Store, cipher: Cipher, entries: Iterable[Entry], without: int | None = None
) -> list[Played | PlayedMigration]:
    """Return the moves of a case, first to last, less what was corrected or undone, and less entry `without`.

    Records come with all their fields: another version of the procedure may read others than the one they were made on.
    """
    entries = list(entries)
    moves = {one.seq: open_payload(cipher, one.ref, one.seq, one.payload).move for one in entries}
    gone = {without}
    for seq, move in moves.items():
        if isinstance(move, Correction | Undo):
            gone |= {seq, move.seq}
    found: list[Played | PlayedMigration] = []
    fields = {
        one.seq: _RECORDS.decode(cipher.open(one.ref, f"records|body|{one.seq}", one.body)).fields
        for one in (store.records(entries[0].ref) if entries else ())
        if one.seq not in gone
    }
    for one in entries:
        move = moves[one.seq]
        if one.seq in gone or isinstance(move, Correction | Undo):
            continue
        if isinstance(move, Enter):
            move = msgspec.structs.replace(move, fields=fields[one.seq])
        if isinstance(move, Migrate):
            found.append(PlayedMigration(one.seq, one.at, move))
        else:
            found.append(Played(one.seq, one.at, move))
    return found


def launched_on(history: Iterable[Played | PlayedMigration], version: str) -> str:
    """Return the version on which a case was launched; `version` is the one it stands on."""
    return next((one.move.left for one in history if isinstance(one, PlayedMigration)), version)
