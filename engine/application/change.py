"""A decision becomes a change: what one transaction writes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from engine.application.facts import Payload, seal_payload, seal_snapshot
from engine.application.ports import (
    Change,
    Cipher,
    Deadline,
    Entry,
    NewMessage,
    Shift,
    StoredCase,
    StoredRecord,
)
from engine.audit.chain import START, link
from engine.cases.case import Case, Facts
from engine.cases.effects import (
    CancelMessages,
    Effect,
    EndDeadline,
    HoldDeadlines,
    Notify,
    SetDeadline,
    ShiftDeadlines,
)
from engine.values import MessageState


@dataclass(frozen=True, slots=True)
class Did:
    """Who did what: what the history says of a move."""

    actor: str
    role: str
    move: str
    name: str
    from_steps: tuple[str, ...]
    key: str | None = None


def change_of(
    cipher: Cipher, read: StoredCase | None, case: Case, facts: Facts, effects: tuple[Effect, ...], did: Did,
    payload: Payload, now: datetime, record: StoredRecord | None = None, all_ended: bool = False,
) -> Change:  # fmt: skip
    """Put together what a move writes; `read` is the case's row as it was read, None for a launch."""
    previous = START if read is None else read.head
    sealed = seal_payload(cipher, case.ref, case.seq, payload)
    steps = () if case.outcome is None and not case.main else case.steps()
    said = (case.ref, case.seq, now, did.actor, did.role, did.move, did.name, did.from_steps, steps, did.key, sealed)
    hashed = link(cipher.mac_key(), previous, said)
    entry = Entry(*said, hashed, previous)
    row = StoredCase(
        case.ref, case.sop, case.version, case.seq, case.main, case.outcome, case.launched_at, now, hashed,
        seal_snapshot(cipher, case, facts),
    )  # fmt: skip
    ended_steps, ended, deadlines = _clocks(case.ref, effects)
    return Change(
        case=row,
        read_seq=None if read is None else read.seq,
        entry=entry,
        record=record,
        all_ended=all_ended,
        ended_steps=ended_steps,
        ended=ended,
        deadlines=deadlines,
        held=next((one.steps for one in effects if isinstance(one, HoldDeadlines)), ()),
        shifted=next((Shift(one.steps, one.by_seconds) for one in effects if isinstance(one, ShiftDeadlines)), None),
        messages=tuple(new_message(case, one, now) for one in effects if isinstance(one, Notify)),
        cancelled=tuple(one.role for one in effects if isinstance(one, CancelMessages)),
    )


def new_message(case: Case, notice: Notify, now: datetime, key: str | None = None) -> NewMessage:
    """Make the outbox row of a notice; `key` where a repeat must find the same one."""
    return NewMessage(
        key=key or secrets.token_hex(16),
        ref=case.ref,
        seq=case.seq,
        kind=notice.kind,
        role=notice.role,
        actor=notice.actor or case.parties[notice.role],
        step=notice.step,
        template=notice.template,
        state=MessageState.WITHHELD if notice.withheld else MessageState.QUEUED,
        queued_at=now,
        due_at=case.due.get(notice.step),
        reason=notice.withheld,
    )


def _clocks(
    ref: str, effects: tuple[Effect, ...]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], tuple[Deadline, ...]]:
    """Fold the effects on deadlines: whole steps ended, single ones ended, and those that stand at the end."""
    steps: list[str] = []
    ended: list[tuple[str, str]] = []
    standing: dict[tuple[str, str], Deadline] = {}
    for one in effects:
        if isinstance(one, EndDeadline):
            for slot in [slot for slot in standing if slot[0] == one.step and one.name in (None, slot[1])]:
                del standing[slot]
            if one.name is None:
                steps.append(one.step or "")
            else:
                ended.append((one.step or "", one.name))
        elif isinstance(one, SetDeadline):
            first = one.alarms[0].at if one.alarms else one.due_at
            standing[one.step, one.name] = Deadline(
                ref, one.step, one.name, one.kind, one.due_at, first, one.alarms, one.held
            )
            if one.step not in steps:
                ended.append((one.step, one.name))
    return tuple(dict.fromkeys(steps)), tuple(dict.fromkeys(ended)), tuple(standing.values())
