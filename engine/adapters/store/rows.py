"""Rows to values and back, where more than one part of the store needs them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Row, bindparam, insert

from engine.adapters.store.database import instant, micros
from engine.adapters.store.tables import outbox
from engine.application.ports import Deadline, Message, NewMessage
from engine.cases.deadlines import Alarm
from engine.values import MessageKind, MessageState

NEW_MESSAGE: Final = insert(outbox).inline().values({c.name: bindparam(c.name) for c in outbox.c if c.name != "id"})


def alarms_text(alarms: Iterable[Alarm]) -> str:
    return msgspec.json.encode([(micros(one.at), one.kind, one.roles, one.rung) for one in alarms]).decode()


def deadline_of(row: Row[Any]) -> Deadline:
    alarms = tuple(Alarm(instant(at), kind, tuple(roles), rung) for at, kind, roles, rung in json.loads(row.alarms))
    return Deadline(
        row.ref, row.step, row.name, row.kind, instant(row.due_at), instant(row.due_at if row.held else row.next_at), alarms,
        bool(row.held),
    )  # fmt: skip


def message_row(one: NewMessage) -> dict[str, Any]:
    waits = one.state is MessageState.QUEUED
    return {
        "key": one.key, "ref": one.ref, "seq": one.seq, "kind": str(one.kind), "role": one.role, "actor": one.actor,
        "step": one.step, "template": one.template, "state": str(one.state), "queued_at": micros(one.queued_at),
        "due_at": None if one.due_at is None else micros(one.due_at), "reason": one.reason, "tries": 0,
        "next_at": micros(one.queued_at) if waits else None, "owner": "", "sent_at": None, "channel": "",
        "urgent": one.urgent, "letter": "",
    }  # fmt: skip


def message_of(row: Row[Any]) -> Message:
    return Message(
        row.id, row.key, row.ref, row.seq, MessageKind(row.kind), row.role, row.actor, row.step, row.template,
        MessageState(row.state), instant(row.queued_at), _maybe(row.due_at), row.reason, row.tries,
        instant(row.queued_at if row.next_at is None else row.next_at), _maybe(row.sent_at), row.channel, bool(row.urgent),
        row.letter,
    )  # fmt: skip


def _maybe(value: int | None) -> Any:
    return None if value is None else instant(value)
