"""What a move costs and what becomes of it when several people act at once: the whole application over both databases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import event

from engine.actors.model import Actor, Way
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings

ROOT = Path(__file__).parents[2]
PING = ROOT / "benchmarks" / "ping.yaml"


@pytest.fixture
def ping(database_url: str, tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    """The whole product over one of the databases, with a procedure of two steps."""
    if database_url.startswith("postgresql"):
        with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {connection.info.dbname} SET log_statement = 'all'")
    house = build(Settings(data_dir=tmp_path, database_url=database_url), clock, upgrading=True)
    house.procedures.publish(PING)
    ways = (Way(kind="mail", address="desk@example.org"),)
    people = {"one": "FR", "two": "FR", "far": "AL"}
    house.people.add(
        [
            Actor(id=role, name=role, sample=True, country=country, roles=(role,), channels=ways, enabled=True)
            for role, country in people.items()
        ]
    )
    yield house
    house.close()


def launched(house: Application) -> str:
    return house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref


class Statements:
    """What reaches the database from now on, as the database itself tells it."""

    def __init__(self, house: Application) -> None:
        self._told: list[str] = []
        self._log = self._from = None
        url = house.settings.database_url.get_secret_value()
        if url.startswith("postgresql"):
            self._log = Path(parse_qs(urlsplit(url).query)["host"][0]) / "log"
        else:
            pool = house.store.engine.pool  # type: ignore[attr-defined]
            event.listen(pool, "checkout", lambda own, *rest: own.set_trace_callback(self._told.append))

    def begin(self) -> None:
        self._told.clear()
        self._from = self._log.stat().st_size if self._log else None

    def told(self) -> list[str]:
        if self._log is None:
            return list(self._told)
        with self._log.open("rb") as log:
            log.seek(self._from or 0)
            return re.findall(r"LOG:  (?:statement|execute [^:]*): (.*)", log.read().decode())


def test_an_action_costs_at_most_seven_statements_and_one_commit(ping):
    """Counted where they arrive: reading, looking for the key, all that follows; nothing grows with the history."""
    statements = Statements(ping)
    ref = launched(ping)
    counted = []

    for number in range(12):
        statements.begin()
        ping.casework.take(ref, ("go", "back")[number % 2], "one", key=f"key {number}")
        counted.append(statements.told())

    for told in counted:
        work = [one for one in told if not re.match(r"BEGIN|COMMIT", one)]
        writing = [one for one in work if not one.startswith("SELECT")]
        assert 2 < len(work) + (len(writing) == 1) <= 7
        assert sum(one.startswith("COMMIT") for one in told) + (len(writing) == 1) == 1
    assert len({len(told) for told in counted}) == 1


def test_the_same_key_at_the_same_moment_is_one_move(ping):
    """Eight impatient clicks: one moves the case, seven are told that it was done."""
    ref = launched(ping)
    barrier = threading.Barrier(8)
    answers: list[tuple[int, bool]] = []

    def click() -> None:
        barrier.wait()
        moved = ping.casework.take(ref, "go", "one", key="once")
        answers.append((moved.seq, moved.repeated))

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()

    assert sorted(answers) == [(2, False)] + [(2, True)] * 7
    assert len(ping.store.history(ref)) == 2


RACER = """
import sys
from pathlib import Path
from engine.bootstrap import build
from engine.errors import NotAllowed
from engine.settings import Settings
house = build(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2]))
won = 0
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    try:
        house.casework.take(sys.argv[3], ("go", "back")[number % 2], "one")
        won += 1
    except NotAllowed:
        pass
print(won)
"""


def test_of_several_processes_that_race_each_is_told_the_truth(ping, database_url, tmp_path):
    """Four processes act on one case as fast as they can: what each was told is in the history once; the chain holds."""
    ref = launched(ping)
    words = [sys.executable, "-c", RACER, str(tmp_path), database_url, ref]
    racers = [
        subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [int(racer.communicate(timeout=60)[0]) for racer in racers]

    assert all(racer.returncode == 0 for racer in racers)
    assert len(ping.store.history(ref)) == 1 + sum(won)
    assert ping.queries.verify(ref) == {ref: []}
    assert sum(won) > 10
