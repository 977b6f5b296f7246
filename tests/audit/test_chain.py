"""The chain of a history: whatever is changed, dropped, reordered or cut off shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.audit.chain import START, link, verify

KEY = bytes(range(32))
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Noted:
    ref: str
    seq: int
    at: datetime
    actor: str
    role: str
    move: str
    name: str
    from_steps: tuple[str, ...]
    to_steps: tuple[str, ...]
    key: str | None
    payload: bytes
    hash: bytes = b""
    previous_hash: bytes = START


def chain(length: int) -> list[Noted]:
    entries: list[Noted] = []
    previous = START
    for seq in range(1, length + 1):
        said = (
            "REF",
            seq,
            NOW + timedelta(hours=seq),
            "desk",
            "role",
            "action",
            "go",
            ("a",),
            ("b",),
            None,
            b"sealed%d" % seq,
        )
        previous_hash, previous = previous, link(KEY, previous, said)
        entries.append(Noted(*said, previous, previous_hash))
    return entries


def test_an_untouched_chain_is_whole():
    """Nothing is found."""
    entries = chain(5)

    assert verify(KEY, entries, entries[-1].hash) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "other"), ("role", "other"), ("name", "other"), ("at", NOW), ("from_steps", ("a", "b")), ("to_steps", ()),
        ("key", "k"), ("payload", b"sealed9"), ("move", "record"), ("ref", "OTHER"),
    ],
)  # fmt: skip
def test_a_changed_entry_is_named(field, value):
    """Whichever part of it was changed."""
    entries = chain(5)
    entries[2] = replace(entries[2], **{field: value})

    assert verify(KEY, entries, entries[-1].hash) == ["entry 3 was changed"]


def test_a_dropped_entry_is_named():
    """In the middle by its number, at the end by the head that the case's row holds."""
    entries = chain(5)

    assert verify(KEY, entries[:2] + entries[3:], entries[-1].hash) == ["entry 3 is missing (the next one is number 4)"]
    assert verify(KEY, entries[:-1], entries[-1].hash) == ["entries are missing at the end"]


def test_without_the_key_no_chain_can_be_forged():
    """Entries chained under another key are found, every one."""
    entries = chain(3)

    assert len(verify(bytes(32), entries, entries[-1].hash)) == 3


def test_parts_of_an_entry_can_not_be_shifted_into_one_another():
    """The encoding is unambiguous: the same letters in other fields give another hash."""
    one = ("REF", 1, NOW, "ab", "c", "m", "n", (), (), None, b"")
    other = ("REF", 1, NOW, "a", "bc", "m", "n", (), (), None, b"")

    assert link(KEY, START, one) != link(KEY, START, other)
