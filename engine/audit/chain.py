"""Entries of a history chained by a keyed hash: whoever changes, drops or reorders one can't make the rest follow.

The hash is HMAC-SHA-256 under a key that lies in the key store and not beside the entries, over the previous hash and an
unambiguous encoding of the entry. Of what is personal only the digest of its sealed bytes is chained, so that erasing the key
of a case leaves its chain whole. Terms: docs/glossary.md, "history entry".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

START: Final = bytes(32)
"""What stands for the hash before the first entry."""


_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


Content = tuple[str, int, datetime, str, str, str, str, tuple[str, ...], tuple[str, ...], str | None, bytes]
"""What of an entry is chained: ref, seq, at, actor, role, move, name, from_steps, to_steps, key and the sealed payload."""


class Chained(Protocol):
    """An entry with its place in the chain."""

    @property
    def ref(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def move(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def from_steps(self) -> tuple[str, ...]: ...
    @property
    def to_steps(self) -> tuple[str, ...]: ...
    @property
    def key(self) -> str | None: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def previous_hash(self) -> bytes: ...


def link(key: bytes, previous: bytes, entry: Content) -> bytes:
    """Return the 32-byte hash of `entry` as the one that follows `previous`."""
    ref, seq, at, *middle, payload = entry
    said = [ref, seq, at.isoformat(), *middle, hashlib.sha256(payload).hexdigest()]
    encoded = _ENCODER.encode(said).encode()
    return hmac.digest(key, previous + encoded, "sha256")


def verify(key: bytes, entries: Sequence[Chained], head: bytes) -> list[str]:
    """Return a sentence for each break in a case's chain; none if it is whole.

    Args:
        entries: first to last.
        head: the last hash as the case's own row holds it: without it, entries cut off at the end would go unseen.
    """
    found: list[str] = []
    previous = START
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number:
            return [*found, f"entry {number} is missing (the next one is number {entry.seq})"]
        if not hmac.compare_digest(entry.previous_hash, previous):
            found.append(f"entry {number} does not follow the one before it")
        if not hmac.compare_digest(entry.hash, link(key, entry.previous_hash, _content(entry))):
            found.append(f"entry {number} was changed")
        previous = entry.hash
    if not hmac.compare_digest(previous, head):
        found.append("entries are missing at the end")
    return found


def _content(one: Chained) -> Content:
    who = (one.actor, one.role, one.move, one.name)
    return one.ref, one.seq, one.at, *who, one.from_steps, one.to_steps, one.key, one.payload
