"""What every store must do, over SQLite and over a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from engine.adapters.store import SqlStore, open_store
from engine.application.ports import (
    NEVER,
    Change,
    Come,
    Deadline,
    Entry,
    NewMessage,
    RecordedProof,
    Shift,
    SopVersion,
    StoredActor,
    StoredCalendar,
    StoredCase,
    StoredRecord,
    StoredRefusal,
)
from engine.cases.deadlines import Alarm
from engine.errors import Conflict, Fault
from engine.settings import Settings
from engine.values import MessageKind, MessageState

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = bytes(range(32))
PROOF = RecordedProof("first", "holds", 12, "", "1.0", 60_000, 10.0, NOW)


def opened(url: str, folder: Path) -> SqlStore:
    return open_store(Settings(data_dir=folder, database_url=url), KEY, upgrading=True)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[SqlStore]:
    made = opened(database_url, tmp_path)
    made.save_version(SopVersion("ping", 1, "v1", "{}", NOW))
    yield made
    made.close()


def change(seq: int, **more: object) -> Change:
    case = StoredCase("AAAA-AAAA-A", "ping", "v1", seq, "here", None, NOW, NOW, bytes([seq]) * 32, b"sealed")
    entry = Entry(
        "AAAA-AAAA-A", seq, NOW, "desk", "role", "action", "go", ("here",), ("there",), None, b"sealed", bytes([seq]) * 32,
        bytes([seq - 1]) * 32,
    )  # fmt: skip
    base = Change(case, None if seq == 1 else seq - 1, entry)
    return replace(base, **more)  # type: ignore[arg-type]


def message(key: str, at: datetime = NOW, role: str = "role", state: MessageState = MessageState.QUEUED) -> NewMessage:
    kind = MessageKind.YOUR_TURN
    return NewMessage(key, "AAAA-AAAA-A", 1, kind, role, "desk", "here", "your_turn", state, at, NOW + HOUR)


def deadline(step: str = "here", name: str = "due", at: datetime = NOW + HOUR) -> Deadline:
    alarms = (Alarm(at, "remind"), Alarm(at + HOUR, "due"), Alarm(at + 2 * HOUR, "escalate", ("boss",), 1))
    return Deadline("AAAA-AAAA-A", step, name, "due", at + HOUR, at, alarms)


def test_what_is_committed_is_read_back(store):
    """Case, entry, record, deadlines and messages come back as they were given."""
    wanted = change(
        1,
        record=StoredRecord("AAAA-AAAA-A", 1, "form.part", False, b"body"),
        deadlines=(deadline(),),
        messages=(message("k1"),),
    )

    store.commit(wanted)

    assert store.case("AAAA-AAAA-A") == wanted.case
    assert list(store.cases()) == [wanted.case]
    assert store.history("AAAA-AAAA-A") == [wanted.entry]
    assert store.records("AAAA-AAAA-A") == [wanted.record]
    assert store.deadlines("AAAA-AAAA-A") == [deadline()]
    (found,) = store.messages("AAAA-AAAA-A")
    assert (found.key, found.state, found.due_at, found.tries) == ("k1", MessageState.QUEUED, NOW + HOUR, 0)
    assert store.case("BBBB-BBBB-B") is None


def test_who_read_an_older_state_is_told_so_and_nothing_is_written(store):
    """Of two moves on the same state the second is a conflict."""
    store.commit(change(1))
    store.commit(change(2))

    with pytest.raises(Conflict):
        store.commit(change(2, messages=(message("k9"),)))

    assert len(store.history("AAAA-AAAA-A")) == 2
    assert not store.messages("AAAA-AAAA-A")


def test_of_eight_racing_writers_one_wins_each_round(store):
    """Eight people act at the same moment, ten times: each time one act is written and seven are refused."""
    store.commit(change(1))
    outcomes: list[bool] = []

    for seq in range(2, 12):
        barrier = threading.Barrier(8)

        def race(seq: int = seq, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            try:
                store.commit(change(seq))
                outcomes.append(True)
            except Conflict:
                outcomes.append(False)

        racers = [threading.Thread(target=race) for _ in range(8)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()

    assert (outcomes.count(True), outcomes.count(False)) == (10, 70)
    assert [entry.seq for entry in store.history("AAAA-AAAA-A")] == list(range(1, 12))


def test_a_key_is_used_once(store):
    """The same key for a second move of a case is refused; it finds the first."""
    first = change(1)
    store.commit(replace(first, entry=replace(first.entry, key="once")))
    second = change(2)

    with pytest.raises(Conflict):
        store.commit(replace(second, entry=replace(second.entry, key="once")))

    found = store.entry_with_key("AAAA-AAAA-A", "once")
    assert found is not None
    assert found.seq == 1
    assert store.entry_with_key("AAAA-AAAA-A", "never") is None
    assert store.entry("AAAA-AAAA-A", found.seq) == found
    assert store.entry("AAAA-AAAA-A", 99) is None


@pytest.mark.parametrize("table", ["history", "records", "sop_versions", "sop_proofs", "refusals"])
@pytest.mark.parametrize("change_of_row", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_what_is_on_record_can_be_neither_changed_nor_deleted(store, table, change_of_row):
    """The database itself refuses, whoever asks."""
    store.commit(change(1, record=StoredRecord("AAAA-AAAA-A", 1, "form", False, b"body")))
    store.note_refusal(StoredRefusal("AAAA-AAAA-A", NOW, "desk", "go", "role"))
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW), [PROOF])
    columns = {
        "history": "actor",
        "records": "part",
        "sop_versions": "sop",
        "sop_proofs": "verdict",
        "refusals": "actor",
    }
    column = columns[table]

    with pytest.raises(Fault) as refused, store.writing() as connection:
        connection.execute(text(change_of_row.format(table, column, "'x'")))

    assert refused.value.code == "insert_only"


def test_a_version_is_kept_with_what_was_proved_of_it(store):
    """In the order proved; a version without a proof has none; what is on record stays."""
    second = replace(PROOF, safeguard="second", verdict="undecided", reason="Too large.", seconds=0.25)
    store.save_version(SopVersion("ping", 2, "v2", "{}", NOW), [PROOF, second])
    store.save_version(SopVersion("ping", 2, "v2", "{}", NOW), [replace(PROOF, verdict="broken")])

    assert store.proofs() == {"v2": [PROOF, second]}
    assert [one.hash for one in store.versions()] == ["v1", "v2"]


def test_a_version_that_was_kept_without_proof_gets_one(store):
    """Published by an older program, and once more by this one."""
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW), [PROOF])

    assert store.proofs() == {"v1": [PROOF]}


def test_deadlines_end_by_step_by_name_and_all_at_once(store):
    """A step's deadlines end together, a single one by its name, those of a case by `all_ended`."""
    four = (deadline("a", "due"), deadline("a", "go"), deadline("b", "due"), deadline("b", "go"))
    store.commit(change(1, deadlines=four))

    store.commit(change(2, ended_steps=("a",), ended=(("b", "due"),)))
    left = [(one.step, one.name) for one in store.deadlines("AAAA-AAAA-A")]
    store.commit(change(3, all_ended=True, deadlines=(deadline("c"),)))

    assert left == [("b", "go")]
    assert [one.step for one in store.deadlines()] == ["c"]


def test_held_deadlines_stand_still_and_go_on_later(store):
    """While a case is paused nothing of it comes round; then all is later by the length of the pause."""
    store.commit(change(1, deadlines=(deadline(),)))
    store.commit(change(2, held=("here",)))
    while_held = store.claim_due(NOW + timedelta(days=900), 10, NOW + timedelta(days=901))

    store.commit(change(3, shifted=Shift(("here",), 7200.0)))

    assert while_held == []
    (found,) = store.deadlines("AAAA-AAAA-A")
    assert (found.due_at, found.next_at, found.held) == (NOW + 4 * HOUR, NOW + 3 * HOUR, False)
    assert [alarm.at for alarm in found.alarms] == [NOW + 3 * HOUR, NOW + 4 * HOUR, NOW + 5 * HOUR]


def test_a_deadline_that_is_suspended_stays_so_when_the_pause_ends(store):
    """The change that ends the pause sets it anew, held: it is not let go with the others."""
    store.commit(change(1, deadlines=(deadline(name="old"), deadline(name="due"))))
    store.commit(change(2, held=("here",)))

    again = replace(deadline(name="due"), held=True)
    store.commit(change(3, ended=(("here", "due"),), deadlines=(again,), shifted=Shift(("here",), 7200.0)))

    assert {one.name: one.held for one in store.deadlines("AAAA-AAAA-A")} == {"old": False, "due": True}
    assert [one.name for one in store.claim_due(NOW + timedelta(days=900), 10, NOW + timedelta(days=901))] == ["old"]


def test_calendars_are_kept_by_country_and_replaced(store):
    """The last one by which deadlines were counted, and its hash without its text."""
    first = StoredCalendar("FR", "a" * 64, "calendar: FR", NOW)
    second = replace(first, hash="b" * 64, text="calendar: FR # changed", counted_at=NOW + HOUR)
    store.save_calendars([first, replace(first, country="AL")])

    store.save_calendars([second])

    assert store.calendar_hashes() == {"FR": "b" * 64, "AL": "a" * 64}
    assert store.calendar("FR") == second
    assert store.calendar("ZZ") is None


def test_a_deadline_set_by_the_change_that_ends_a_pause_is_right_as_it_is(store):
    """Its date became known during the pause: only what stood still is moved."""
    store.commit(change(1, deadlines=(deadline(name="old"),)))
    store.commit(change(2, held=("here",)))

    store.commit(change(3, shifted=Shift(("here",), 7200.0), deadlines=(deadline(name="new"),)))

    assert {one.name: one.due_at - NOW for one in store.deadlines()} == {"old": 4 * HOUR, "new": 2 * HOUR}


def test_what_may_no_longer_leave_is_cancelled(store):
    """Queued and leased messages of a role are cancelled; those of another stay."""
    store.commit(change(1, messages=(message("k1"), message("k2", role="other"))))
    store.lease(NOW, "courier", 1, NOW + HOUR)

    store.commit(change(2, cancelled=("role",)))

    assert {one.key: one.state for one in store.messages()} == {"k1": MessageState.CANCELLED, "k2": MessageState.QUEUED}
    assert store.leased([1], "courier") == []


def test_a_message_belongs_to_one_courier_until_its_lease_ends(store):
    """What one courier holds another does not get; after the lease it does, and the first has lost it."""
    store.commit(change(1, messages=tuple(message(f"k{n}") for n in range(5))))

    first = store.lease(NOW, "one", 3, NOW + HOUR)
    second = store.lease(NOW, "two", 10, NOW + HOUR)
    later = store.lease(NOW + HOUR, "two", 10, NOW + 2 * HOUR)

    assert (len(first), len(second)) == (3, 2)
    assert not set(first) & set(second)
    assert sorted(later) == sorted([*first, *second])
    assert store.mark_sent([first[0]], "one", NOW, "mail") == 0
    assert store.mark_sent([first[0]], "two", NOW, "mail") == 1


def test_two_couriers_never_share_a_row(store):
    """Eight couriers lease at the same time: every row goes to exactly one."""
    store.commit(change(1, messages=tuple(message(f"k{n}") for n in range(80))))
    taken: list[int] = []

    def courier(name: str) -> None:
        while ids := store.lease(NOW, name, 5, NOW + HOUR):
            taken.extend(ids)

    couriers = [threading.Thread(target=courier, args=(f"c{n}",)) for n in range(8)]
    for one in couriers:
        one.start()
    for one in couriers:
        one.join()

    assert len(taken) == len(set(taken)) == 80


def test_a_message_is_sent_put_back_or_failed(store):
    """Each ending is written with what belongs to it, and only rows that wait are due again."""
    store.commit(change(1, messages=tuple(message(f"k{n}") for n in range(3))))
    sent, back, failed = store.lease(NOW, "c", 3, NOW + HOUR)

    store.mark_sent([sent], "c", NOW, "mail")
    store.put_back([back], "c", NOW + 2 * HOUR, "server away")
    store.mark_failed([failed], "c", "no such mailbox", "mail")

    found = {one.id: one for one in store.messages()}
    assert (found[sent].state, found[sent].sent_at, found[sent].tries) == (MessageState.SENT, NOW, 1)
    assert (found[back].state, found[back].reason, found[back].tries) == (MessageState.QUEUED, "server away", 1)
    assert (found[failed].state, found[failed].reason) == (MessageState.FAILED, "no such mailbox")
    assert store.next_message_at() == NOW + 2 * HOUR


def test_withheld_messages_never_wait(store):
    """What is withheld is on record and is never leased."""
    store.commit(change(1, messages=(message("k1", state=MessageState.WITHHELD),)))

    assert store.lease(NOW + 24 * HOUR, "c", 10, NOW + 48 * HOUR) == []
    assert store.next_message_at() is None


def test_a_deadline_comes_round_once_and_moves_on(store):
    """A claimed deadline is nobody else's; moved on, it waits for its next alarm; its messages are queued once."""
    store.commit(change(1, deadlines=(deadline(),)))
    too_early = store.claim_due(NOW, 10, NOW + HOUR)
    (claimed,) = store.claim_due(NOW + HOUR, 10, NOW + 2 * HOUR)
    again = store.claim_due(NOW + HOUR, 10, NOW + 2 * HOUR)
    rest = claimed.alarms[1:]

    store.move_on([Come(replace(claimed, alarms=rest, next_at=rest[0].at), 1, (message("r1"), message("r1b")))])
    store.move_on([Come(replace(claimed, alarms=(), next_at=NEVER), 1, (message("r1"),))])

    assert too_early == again == []
    assert [one.key for one in store.messages()] == ["r1", "r1b"]
    assert store.claim_due(NOW + timedelta(days=999), 10, NOW + timedelta(days=1000)) == []


def test_a_deadline_that_has_ended_sends_nothing(store):
    """If the step was left while the sweep was at work, its reminder is not queued."""
    store.commit(change(1, deadlines=(deadline(),)))
    (claimed,) = store.claim_due(NOW + HOUR, 10, NOW + 2 * HOUR)
    store.commit(change(2, ended_steps=("here",)))

    queued = store.move_on([Come(replace(claimed, alarms=(), next_at=NEVER), 2, (message("r1"),))])

    assert (queued, store.messages()) == (0, [])


def test_what_comes_of_a_case_that_has_moved_meanwhile_is_not_written(store):
    """It was read before somebody was muted, say: nothing is queued for it, and it comes again later."""
    store.commit(change(1, deadlines=(deadline(),)))
    (claimed,) = store.claim_due(NOW + HOUR, 10, NOW + 2 * HOUR)
    store.commit(change(2))
    stale = Come(replace(claimed, alarms=(), next_at=NEVER), 1, (message("r1"),))

    queued = store.move_on([stale])

    assert (queued, store.messages()) == (0, [])
    assert [one.alarms for one in store.claim_due(NOW + 2 * HOUR, 10, NOW + 3 * HOUR)] == [claimed.alarms]


def test_versions_and_actors_are_kept(store):
    """A version is saved once; an actor is replaced by a new one of its id; open cases are counted by version."""
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW))
    store.save_actor(StoredActor("desk", "FR", ("role",), True, b"one"))
    store.save_actor(StoredActor("desk", "FR", ("role", "more"), False, b"two"))
    store.commit(change(1))

    assert [one.hash for one in store.versions()] == ["v1"]
    assert store.actors() == [StoredActor("desk", "FR", ("role", "more"), False, b"two")]
    assert store.open_cases() == {"v1": 1}


def test_the_migrated_tables_are_those_of_the_program(store):
    """Alembic finds no difference between what the migrations make and what the program describes."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from engine.adapters.store.tables import metadata

    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path):
    """No password, no address, no traceback."""
    url = "postgresql+psycopg://user:secret@127.0.0.1:9/none"

    with pytest.raises(Fault) as fault:
        opened(url, tmp_path)

    assert fault.value.message == "the database can't be reached"


def test_a_full_database_writes_nothing_by_halves(tmp_path):
    """When SQLite can't grow, the move is refused as a fault and the case stands as before."""
    url = f"sqlite:///{tmp_path / 'full.db'}"
    store = opened(url, tmp_path)
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW))
    store.commit(change(1))
    with store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    store.close()
    full = opened(url, tmp_path)
    event.listen(full.engine.pool, "checkout", lambda own, *rest: own.execute(f"PRAGMA max_page_count = {pages + 2}"))

    with pytest.raises(Fault) as fault:
        full.commit(change(2, record=StoredRecord("AAAA-AAAA-A", 2, "form", False, bytes(400_000))))

    assert fault.value.code == "disk_full"
    assert len(full.history("AAAA-AAAA-A")) == 1
    full.close()


def test_a_move_of_very_many_rows_is_one_move(store):
    """Three hundred messages and as many deadlines: more than one statement can hold, and still all or nothing."""
    many = tuple(deadline(f"step{n}") for n in range(300))
    store.commit(change(1, deadlines=many, messages=tuple(message(f"k{n}") for n in range(300))))

    with pytest.raises(Fault):
        store.commit(change(2, messages=(*(message(f"m{n}") for n in range(120)), message("k7"))))

    assert (len(store.deadlines()), len(store.messages()), len(store.history("AAAA-AAAA-A"))) == (300, 300, 1)


def test_an_upgrade_that_has_been_done_changes_nothing(store, database_url, tmp_path):
    """`db upgrade` twice: what is kept stays, and nothing is said."""
    store.commit(change(1))

    again = opened(database_url, tmp_path)

    assert again.case("AAAA-AAAA-A") == store.case("AAAA-AAAA-A")
    again.close()


def test_many_houses_may_be_opened_on_an_empty_database_at_once(database_url, tmp_path):
    """One makes the tables, the others wait and find them."""
    faults: list[Exception] = []

    def open_one() -> None:
        try:
            opened(database_url, tmp_path).close()
        except Exception as why:
            faults.append(why)

    openers = [threading.Thread(target=open_one) for _ in range(6)]
    for one in openers:
        one.start()
    for one in openers:
        one.join()

    assert faults == []


def test_a_database_of_a_newer_program_is_left_alone(store, database_url, tmp_path):
    """An older program says so, upgrade or not, and changes nothing."""
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for upgrading in (True, False):
        with pytest.raises(Fault) as fault:
            open_store(Settings(data_dir=tmp_path, database_url=database_url), KEY, upgrading=upgrading)
        assert fault.value.message == "the database is newer than this program: update the program"


def test_a_server_that_went_away_is_a_fault_once_and_then_used_again(postgres_url, tmp_path):
    """Connections that died with the server are not kept."""
    store = opened(postgres_url, tmp_path)
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW))
    store.commit(change(1))
    other = opened(postgres_url, tmp_path)
    with other.writing() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

    with pytest.raises(Fault) as fault:
        store.commit(change(2))

    assert fault.value.code == "unreachable"
    store.commit(change(2))
    assert len(store.history("AAAA-AAAA-A")) == 2
    other.close()
    store.close()


def test_every_sqlite_connection_is_as_safe_as_it_should_be(tmp_path):
    """WAL, every commit on the disk, foreign keys; a current SQLite; all files for the owner only, encrypted as a whole."""
    store = opened(f"sqlite:///{tmp_path / 'cases.db'}", tmp_path)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000, "temp_store": 0}
    store.save_version(SopVersion("ping", 1, "v1", "{}", NOW))
    store.commit(change(1))

    with store.reading() as one, store.reading() as two:
        for connection in (one, two):
            assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted} == wanted
        version = one.exec_driver_sql("SELECT sqlite_version()").scalar()
    files = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}

    assert tuple(map(int, version.split("."))) >= (3, 51, 3)
    assert files == {"cases.db": 0o600, "cases.db-wal": 0o600, "cases.db-shm": 0o600}
    assert b"AAAA-AAAA-A" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    store.close()


def test_another_key_does_not_open_the_file(tmp_path):
    """The whole file is encrypted: without its key it is said to be closed, and nothing of it can be read."""
    opened(f"sqlite:///{tmp_path / 'cases.db'}", tmp_path).close()

    with pytest.raises(Fault) as fault:
        open_store(Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'cases.db'}"), bytes(32))

    assert fault.value.code == "wrong_key"
    assert b"sqlite" not in (tmp_path / "cases.db").read_bytes().lower()
