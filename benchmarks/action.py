"""A durable action through the application against a hand-written floor: the same statements, driver, cipher and rows."""

from __future__ import annotations

import gc
import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from engine.actors.model import Actor, Way
from engine.adapters.store.database import micros
from engine.adapters.store.rows import alarms_text
from engine.adapters.store.tables import cases, deadlines
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings

PING = Path(__file__).parent / "ping.yaml"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def furnished(folder: Path, url: str | None) -> Application:
    """Open a house with the measuring procedure and its three actors."""
    settings = Settings(data_dir=folder) if url is None else Settings(data_dir=folder, database_url=url)
    house = build(settings, FixedClock(START), upgrading=True)
    house.procedures.publish(PING)
    ways = (Way(kind="mail", address="desk@example.org"),)
    house.people.add(
        [
            Actor(id=name, name=name, sample=True, country=country, roles=(name,), channels=ways, enabled=True)
            for name, country in (("one", "FR"), ("two", "FR"), ("far", "AL"))
        ]
    )
    return house


def fill(house: Application, count: int) -> str:
    """Launch one real case and copy its rows until there are `count` open ones; returns the real one's reference."""
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    stored = house.store.case(ref)
    (deadline,) = house.store.deadlines(ref)
    assert stored is not None
    run = house.store.engine  # type: ignore[attr-defined]
    copies = [f"{secrets.token_hex(6)}-C" for _ in range(count - 1)]
    row = {
        "sop": stored.sop, "version": stored.version, "seq": 1, "main": "here", "outcome": None, "launched_at": 1, "moved_at": 1,
        "head": stored.head, "snapshot": stored.snapshot,
    }  # fmt: skip
    due = {
        "step": "here",
        "name": "due",
        "kind": "due",
        "due_at": micros(deadline.due_at),
        "alarms": alarms_text(deadline.alarms),
    }
    for start in range(0, len(copies), 5000):
        part = copies[start : start + 5000]
        with run.begin() as connection:
            connection.execute(cases.insert(), [{**row, "ref": one} for one in part])
            connection.execute(
                deadlines.insert(),
                [
                    {**due, "next_at": micros(deadline.next_at), "id": secrets.randbits(62), "ref": one, "held": False}
                    for one in part
                ],
            )
    settle(house)
    return ref


def settle(house: Application) -> None:
    """Let the database finish its own work on the rows that were filled in, so that it is not measured."""
    database = house.store.engine  # type: ignore[attr-defined]
    if database.dialect.name == "sqlite":
        with database.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql("CHECKPOINT")


class Floor:
    """The same five statements by hand: no engine, no procedure, the rows of the last real move written again and again."""

    def __init__(
        self, house: Application, ref: str, execute: Callable[..., Any], commit: Callable[[], None], mark: str
    ) -> None:
        self._execute, self._commit, self._mark = execute, commit, mark
        stored, entry = house.store.case(ref), house.store.history(ref)[-1]
        assert stored is not None
        self._ref, self._seq = ref, stored.seq
        self._plain = os.urandom(len(stored.snapshot) - 33)
        self._payload = os.urandom(len(entry.payload) - 33)
        self._cipher = AESGCMSIV(os.urandom(32))
        self._steps = json.dumps(entry.to_steps)
        self._version = stored.version
        (deadline,) = house.store.deadlines(ref)
        self._next, self._due, self._alarms = (
            micros(deadline.next_at), micros(deadline.due_at), alarms_text(deadline.alarms)
        )  # fmt: skip
        self._at = micros(START)

    def act(self) -> None:
        q, run, ref = self._mark, self._execute, self._ref
        read = run(f"SELECT seq, snapshot, head FROM cases WHERE ref = {q}", (ref,)).fetchone()
        seq = read[0] + 1
        nonce = os.urandom(12)
        snapshot = nonce + self._cipher.encrypt(nonce, self._plain, b"place") + bytes(5)
        payload = nonce + self._cipher.encrypt(nonce, self._payload, b"place") + bytes(5)
        head = os.urandom(32)
        run(f"UPDATE cases SET version = {q}, seq = {q}, main = {q}, outcome = {q}, moved_at = {q}, head = {q}, snapshot = {q} "
            f"WHERE ref = {q} AND seq = {q}",
            (self._version, seq, "here", None, self._at, head, snapshot, ref, seq - 1))  # fmt: skip
        run("INSERT INTO history (ref, seq, at, actor, role, move, name, from_steps, to_steps, key, payload, hash, previous_hash) "
            f"VALUES ({', '.join([q] * 13)})", (ref, seq, self._at, "one", "one", "action", "go", self._steps, self._steps,
            None, payload, head, read[2]))  # fmt: skip
        run(f"DELETE FROM deadlines WHERE ref = {q} AND step = {q}", (ref, "here"))
        run("INSERT INTO deadlines (next_at, id, ref, step, name, kind, due_at, alarms, held) "
            f"VALUES ({', '.join([q] * 9)})", (self._next, secrets.randbits(62), ref, "here", "due", "due", self._due,
            self._alarms, False))  # fmt: skip
        rows = [(secrets.token_hex(16), ref, seq, "your_turn", role, role, "here", "your_turn", "queued", self._at, self._due, "",
                 0, self._at, "", None, "") for role in ("one", "two")]  # fmt: skip
        marks = ", ".join([f"({', '.join([q] * 17)})"] * 2)
        run("INSERT INTO outbox (key, ref, seq, kind, role, actor, step, template, state, queued_at, due_at, reason, tries, "
            f"next_at, owner, sent_at, channel) VALUES {marks}", (*rows[0], *rows[1]))  # fmt: skip
        self._commit()


def floor_sqlite(house: Application, ref: str) -> Floor:
    import sqlcipher3.dbapi2 as driver

    _, key = house.keys.make("database")
    connection = driver.connect(str(house.settings.data_dir / "passerelle.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    cursor = connection.cursor()
    begun = [False]

    def execute(words: str, given: tuple[Any, ...]) -> Any:
        if not begun[0]:
            cursor.execute("BEGIN IMMEDIATE")
            begun[0] = True
        return cursor.execute(words, given)

    def commit() -> None:
        cursor.execute("COMMIT")
        begun[0] = False

    return Floor(house, ref, execute, commit, "?")


def floor_postgresql(house: Application, ref: str, url: str) -> Floor:
    import psycopg

    connection = psycopg.connect(url.replace("+psycopg", ""))
    cursor = connection.cursor()
    return Floor(house, ref, cursor.execute, connection.commit, "%s")


def measure(house: Application, ref: str, floor: Floor, rounds: int, per_round: int) -> tuple[float, float]:
    """Return the medians (ms) of one action through the application and of one of the floor's, interleaved by rounds."""
    mine, theirs = [], []
    other = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    actions = ("go", "back")
    gc.collect()
    for _ in range(rounds):
        started = time.perf_counter()
        for number in range(per_round):
            house.casework.take(other, actions[number % 2], "one")
        mine.append((time.perf_counter() - started) / per_round * 1000)
        started = time.perf_counter()
        for _ in range(per_round):
            floor.act()
        theirs.append((time.perf_counter() - started) / per_round * 1000)
    return statistics.median(mine), statistics.median(theirs)


def durable(url: str | None, sizes: tuple[int, ...], rounds: int = 15) -> list[tuple[int, float, float]]:
    """Measure one database at each size: (open cases, application ms, floor ms)."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        house = furnished(Path(folder), url)
        have, ref = 0, ""
        for size in sizes:
            ref = fill(house, size - have)
            have = size
            floor = floor_sqlite(house, ref) if url is None else floor_postgresql(house, ref, url)
            measure(house, ref, floor, 2, 20)
            results.append((size, *measure(house, ref, floor, rounds, 40)))
        house.close()
    return results
