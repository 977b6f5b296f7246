"""The outside as Protocols: where cases are kept, how bytes are sealed, how a message leaves the house.

A use case hands the store one `Change`, and the store writes it in one transaction or not at all. What is personal reaches the
store sealed: it knows references, steps, instants and opaque bytes. Instants are aware and in UTC everywhere here.

Implementations: `engine.adapters`. The same contract tests run over each (tests/contracts).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from engine.cases.deadlines import Alarm
from engine.errors import PasserelleError
from engine.values import Level, MessageKind, MessageState

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""An instant that never comes: when nothing more comes of a deadline."""

# ── Procedures ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SopVersion:
    """A published version; it never changes.

    Attributes:
        number: 1, 2, … for one SOP, in the order of publishing.
        hash: content hash (hex) of `content`.
        content: the SOP and the forms it uses, as canonical JSON text.
    """

    sop: str
    number: int
    hash: str
    content: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class RecordedProof:
    """What was known of one safeguard when its version was published; insert-only.

    Attributes:
        verdict: holds, broken, undecided or vacuous.
        explored: configurations visited; 0 where requirements alone decide.
        engine: the version of this program that proved it.
        states, seconds: the budget that it had.
    """

    safeguard: str
    verdict: str
    explored: int
    reason: str
    engine: str
    states: int
    seconds: float
    proved_at: datetime


# ── Cases ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case's row. `seq` is the number of its last history entry, `head` that entry's hash; `snapshot` is sealed."""

    ref: str
    sop: str
    version: str
    seq: int
    main: str
    outcome: str | None
    launched_at: datetime
    moved_at: datetime
    head: bytes
    snapshot: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a case's history; insert-only.

    Attributes:
        move: the kind of move: launch, action, record, acknowledge, assign, fire, wake, correct, migrate, undo, …
        name: of the action, the form part or the role concerned.
        key: given by the caller so that a repeat is harmless; unique within the case.
        payload: the move itself and its note, sealed.
        hash, previous_hash: the chain (engine.audit.chain); the first entry's previous hash is 32 zero bytes.
    """

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
    hash: bytes
    previous_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A form part as recorded: the whole of it sealed in `body`. `counts` is not stored: it follows from the history."""

    ref: str
    seq: int
    part: str
    draft: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline of a case.

    Attributes:
        kind: due, timed, series, wake or watch (the deadline of a safeguard, named by its id; its step is empty).
        name: tells apart the deadlines of one step; (ref, step, name) is unique.
        alarms: still to come, in order; `next_at` is the first one's instant, or `due_at` where there is none.
        held: the case is paused; nothing comes round until the deadline is shifted.
    """

    ref: str
    step: str
    name: str
    kind: str
    due_at: datetime
    next_at: datetime
    alarms: tuple[Alarm, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class NewMessage:
    """An outbox row to be: ids, role and template, never a name or an address.

    Attributes:
        key: opaque, random, unique: the message id under which a repeat is recognised.
        seq: of the history entry it follows from.
        state: queued or withheld; `reason` says why it is withheld.
        due_at: when what it asks for is due, if it is.
        urgent: it is counted in hours, and doesn't wait for the reader's morning.
    """

    key: str
    ref: str
    seq: int
    kind: MessageKind
    role: str
    actor: str
    step: str
    template: str
    state: MessageState
    queued_at: datetime
    due_at: datetime | None = None
    reason: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Come:
    """What has come of a deadline: the deadline as it is to stand, and the messages that follow.

    Attributes:
        seq: of the case as it was read; whatever moves it meanwhile may have ended the deadline or silenced a reader.
    """

    deadline: Deadline
    seq: int
    messages: tuple[NewMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """An outbox row as it stands.

    `tries` counts attempts so far; `channel` is known once it was tried. `letter` is the id of the letter in which it leaves with
    others; empty while it leaves by itself, under its own key.
    """

    id: int
    key: str
    ref: str
    seq: int
    kind: MessageKind
    role: str
    actor: str
    step: str
    template: str
    state: MessageState
    queued_at: datetime
    due_at: datetime | None
    reason: str
    tries: int
    next_at: datetime
    sent_at: datetime | None
    channel: str
    urgent: bool = False
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """Deadlines of these steps, held until now, go on `seconds` later."""

    steps: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """All that one move writes: one transaction.

    Attributes:
        read_seq: the case's `seq` when it was read; None begins a case. Somebody else's move in between is a Conflict.
        ended_steps: end every deadline of these steps; `ended` ends single ones, (step, name); `all_ended` ends
            all of the case. Deadlines are ended before `deadlines` are set.
        held: steps whose deadlines stand still from now on.
        cancelled: roles whose queued messages of this case may no longer leave; `cancelled_entry`: an entry of the history
            from which no queued message may leave any more.
    """

    case: StoredCase
    read_seq: int | None
    entry: Entry
    record: StoredRecord | None = None
    all_ended: bool = False
    ended_steps: tuple[str, ...] = ()
    ended: tuple[tuple[str, str], ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    held: tuple[str, ...] = ()
    shifted: Shift | None = None
    messages: tuple[NewMessage, ...] = ()
    cancelled: tuple[str, ...] = ()
    cancelled_entry: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRefusal:
    """A move that was refused: no change to the case, but on record."""

    ref: str
    at: datetime
    actor: str
    name: str
    code: str


# ── Actors ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StoredActor:
    """A person or desk who is told. Name and addresses are sealed in `body`."""

    id: str
    country: str
    roles: tuple[str, ...]
    enabled: bool
    body: bytes


# ── Calendars ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """The text of a country's calendar by which open deadlines were last counted; `hash` is its SHA-256 (hex)."""

    country: str
    hash: str
    text: str
    counted_at: datetime


# ── The ports ────────────────────────────────────────────────────────────────────────────────────────────────────


class Store(Protocol):
    """Where everything is kept. Every method is one transaction; each may raise Fault (engine.errors)."""

    # procedures
    def save_version(self, version: SopVersion, proofs: Sequence[RecordedProof] = ()) -> None:
        """Keep a version with what was known of its safeguards; a repeat changes nothing that is on record already."""

    def proofs(self) -> Mapping[str, Sequence[RecordedProof]]:
        """Return what is on record of the safeguards of each version (by hash), in their order; none: never proved."""

    def version(self, hash: str) -> SopVersion | None: ...
    def versions(self) -> Sequence[SopVersion]:
        """Return all versions, by SOP and number."""

    def open_cases(self) -> Mapping[str, int]:
        """Count the open cases of each version (by hash)."""

    # cases
    def case(self, ref: str) -> StoredCase | None: ...
    def cases(self) -> Iterable[StoredCase]:
        """Return all cases, latest move first, then by reference."""

    def commit(self, change: Change) -> None:
        """Write one move, all or nothing: at most seven statements and one commit.

        Raises:
            Conflict: the case has moved since it was read (or the reference exists, for a new one).
        """

    def note_refusal(self, refusal: StoredRefusal) -> None: ...
    def entry_with_key(self, ref: str, key: str) -> Entry | None: ...

    def entry(self, ref: str, seq: int) -> Entry | None: ...
    def history(self, ref: str) -> Sequence[Entry]:
        """Return a case's entries, first to last."""

    def records(self, ref: str) -> Sequence[StoredRecord]:
        """Return a case's records, in the order in which they were made."""

    def deadlines(self, ref: str | None = None) -> Sequence[Deadline]:
        """Return the deadlines of one case, or of all, by due date, then step and name."""

    def messages(self, ref: str | None = None, states: Sequence[MessageState] = ()) -> Sequence[Message]:
        """Return the messages of one case, or of all, in the order in which they were queued."""

    # outbox
    def lease(self, now: datetime, owner: str, limit: int, until: datetime) -> Sequence[int]:
        """Take up to `limit` queued rows that are due, or whose lease has run out, for `owner` until `until`; oldest first."""

    def leased(self, ids: Sequence[int], owner: str) -> Sequence[Message]:
        """Return those of these rows that `owner` still holds (state sending)."""

    def holds(self, ids: Sequence[int], owner: str) -> Sequence[int]:
        """Return those of these rows that `owner` still holds; asked before each sending."""

    def join(self, ids: Sequence[int], owner: str, letter: str) -> None:
        """Let these rows leave in one letter from now on, so that a repeat after a crash is the same letter."""

    def mark_sent(self, ids: Sequence[int], owner: str, at: datetime, channel: str) -> int:
        """Say that messages have left, all in one transaction; returns how many of them were still held."""

    def mark_failed(
        self, ids: Sequence[int], owner: str, reason: str, channel: str, told: Sequence[NewMessage] = ()
    ) -> int:
        """Say that messages fail for good, and queue for whom it is a task (`told`); returns how many were still held.

        Where none was, nothing is queued. A message whose key is already there is left as it is.
        """

    def put_back(self, ids: Sequence[int], owner: str, next_at: datetime, reason: str, *, tried: bool = True) -> int:
        """Queue messages again, to be tried at `next_at`, and count a try if there was one; returns how many were held."""

    def next_message_at(self) -> datetime | None:
        """Return when the next queued row is due (lease ends included), or None when nothing waits."""

    # sweep
    def claim_due(self, now: datetime, limit: int, until: datetime) -> Sequence[Deadline]:
        """Take up to `limit` deadlines whose `next_at` has come, oldest first, held ones left out.

        Their `next_at` becomes `until` (a lease), so that no other sweep takes them meanwhile and a crash only delays
        them. They are returned as they stood before. What comes of a deadline ends it, or is said with `move_on`.
        """

    def next_deadline_at(self) -> datetime | None:
        """Return when the next deadline comes round (lease ends included), or None when none does."""

    def move_on(self, come: Sequence[Come]) -> int:
        """Queue what has come of deadlines; store the `alarms` and the `next_at` that are left: one transaction for all.

        A message whose key is already there is left as it is. Of a deadline that has been ended meanwhile, or whose case has
        moved since it was read, nothing is written; it comes again when its lease ends. Returns how many messages were queued.
        """

    # calendars
    def calendar_hashes(self) -> Mapping[str, str]:
        """Return, by country, the hash of the calendar by which open deadlines were last counted."""

    def calendar(self, country: str) -> StoredCalendar | None: ...
    def save_calendars(self, calendars: Sequence[StoredCalendar]) -> None:
        """Keep these in place of what was kept of their countries."""

    def queue(self, messages: Sequence[NewMessage]) -> None:
        """Queue messages; one whose key is already there is left as it is."""

    def late(self, now: datetime) -> Sequence[Deadline]:
        """Return what was due before `now` and is not done, held ones left out; by case, then due date."""

    def round_done_at(self, name: str) -> datetime | None:
        """Return when something that comes round was last done; None if never."""

    def note_round(self, name: str, at: datetime) -> None:
        """Say that it was done."""

    # feeds
    def save_feed(self, token: str, actor: str, at: datetime) -> None:
        """Keep the hash of the secret under which an actor reads its dates; an earlier one of the actor ends."""

    def feed_of(self, token: str) -> str | None:
        """Return whose feed the secret with this hash opens; None if nobody's, or not any more."""

    def end_feed(self, actor: str) -> bool:
        """Let an actor's secret open nothing any more; False if there was none."""

    # actors
    def save_actor(self, actor: StoredActor) -> None: ...
    def actor(self, id: str) -> StoredActor | None: ...
    def actors(self) -> Sequence[StoredActor]:
        """Return all actors by id."""

    def close(self) -> None: ...


class Cipher(Protocol):
    """Seals bytes under a key of their own scope: a case's reference, or `actors`.

    `place` says where the bytes belong ("table|column|row"); sealed bytes opened for any other place are refused.
    """

    def make_key(self, scope: str) -> None:
        """Make and keep a key for `scope`; a repeat changes nothing."""

    def seal(self, scope: str, place: str, data: bytes) -> bytes: ...
    def open(self, scope: str, place: str, sealed: bytes) -> bytes:
        """Raises Fault when the bytes were changed, belong elsewhere, or the scope's key was erased."""

    def mac_key(self) -> bytes:
        """Return the 32-byte key under which histories are chained."""

    def erase_key(self, scope: str) -> None:
        """Destroy a scope's key: what was sealed under it can never be read again."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to leave. `id` is the outbox row's key: a repeat carries the same one.

    `dates` goes along as the text of an .ics file; empty for none.
    """

    id: str
    address: str
    subject: str
    body: str
    language: str
    dates: str = ""


class PassingFailure(PasserelleError):
    """A message could not leave now; it may later (server away, busy, mailbox full)."""

    code = "passing"


class PermanentFailure(PasserelleError):
    """A message can never leave this way (no such mailbox, refused)."""

    code = "permanent"


class Sender(Protocol):
    """One open connection of a channel."""

    def send(self, message: Outgoing) -> None:
        """Send one message; raises PassingFailure or PermanentFailure, whose words name no address and no content."""


class Channel(Protocol):
    """A way to reach people; `kind` is what an actor's channel names (mail, …)."""

    kind: str

    def connect(self) -> AbstractContextManager[Sender]:
        """Open one connection for a batch; raises PassingFailure."""


@dataclass(frozen=True, slots=True)
class Address:
    """One way to reach an actor: the channel's kind and the address there."""

    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the courier needs of whoever reads a message.

    Attributes:
        in_place: the one who is told is absent; this is the deputy.
        daily: wants one list a day in place of single messages.
    """

    id: str
    country: str
    language: str
    level: Level
    zone: str
    channels: tuple[Address, ...]
    in_place: bool = False
    daily: bool = False
