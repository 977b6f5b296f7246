"""The process is killed, at random moments and at each statement: nothing is lost, nothing doubled, nothing half done."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.actors.model import Actor, Way
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings
from engine.values import MessageState

ROOT = Path(__file__).parents[2]
BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ROUNDS = 6

ACTING = """
import itertools, os, sys
from datetime import datetime
from pathlib import Path
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
folder, url, ref, now = Path(sys.argv[1]), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
house = build(Settings(data_dir=folder, database_url=url), FixedClock(now))
journal = os.open(folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for number in itertools.count((folder / "journal").read_text().count("\\n")):
    house.casework.take(ref, ("go", "back")[number % 2], "one", key=f"key {number}")
    os.write(journal, b"done\\n")
"""

CARRYING = """
import sys, time
from datetime import datetime
from pathlib import Path
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
folder, url, mail, now = Path(sys.argv[1]), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
house = build(
    Settings(data_dir=folder, database_url=url, smtp_url=mail, sender_address="m@example.org"), FixedClock(now)
)
while True:
    house.courier.run()
    time.sleep(0.005)
"""


def opened(folder: Path, url: str, mail: str, now: datetime) -> Application:
    settings = Settings(data_dir=folder, database_url=url, smtp_url=mail, sender_address="m@example.org")
    house = build(settings, FixedClock(now), upgrading=True)
    house.procedures.publish(ROOT / "benchmarks" / "ping.yaml")
    ways = (Way(kind="mail", address="desk@example.org"),)
    people = {"one": "FR", "two": "FR", "far": "AL"}
    house.people.add(
        [
            Actor(id=role, name=role, sample=True, country=country, roles=(role,), channels=ways, enabled=True)
            for role, country in people.items()
        ]
    )
    return house


def complete(house: Application, ref: str) -> int:
    """Check that the case is whole: numbered without a gap, chained, with its own deadline and two messages for each entry."""
    history, stored = house.store.history(ref), house.store.case(ref)
    assert stored is not None
    assert [entry.seq for entry in history] == list(range(1, stored.seq + 1))
    assert house.queries.verify(ref) == {ref: []}
    assert [one.step for one in house.store.deadlines(ref)] == [stored.main] == [history[-1].to_steps[0]]
    assert Counter(one.seq for one in house.store.messages(ref)) == dict.fromkeys(range(1, stored.seq + 1), 2)
    return stored.seq


def test_killed_at_random_moments_nothing_is_lost_and_nothing_doubled(database_url, tmp_path, mail_server):
    """One process acts, one carries messages, both are killed again and again; each begins an hour later, when leases have run out.

    What an actor was told is done is in the history, under its key, once. Each message arrives; a repeat has the same id.
    """
    house = opened(tmp_path, database_url, mail_server.url, BEGIN)
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    journal = tmp_path / "journal"
    journal.touch()
    chance = random.Random(11)

    for number in range(ROUNDS):
        now = (BEGIN + timedelta(hours=number)).isoformat()
        words = [
            [sys.executable, "-c", ACTING, str(tmp_path), database_url, ref, now],
            [sys.executable, "-c", CARRYING, str(tmp_path), database_url, mail_server.url, now],
        ]
        children = [subprocess.Popen(one, cwd=ROOT, stderr=subprocess.PIPE) for one in words]
        acts, mails, until = len(journal.read_text()), len(mail_server.taken), time.monotonic() + 30
        while (
            len(journal.read_text()) < acts + 5 * chance.randint(1, 12) or len(mail_server.taken) == mails
        ) and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(chance.random() / 100)
        for child in children:
            assert child.poll() is None, child.stderr and child.stderr.read().decode()
            child.send_signal(signal.SIGKILL)
        for child in children:
            child.communicate()

    house.clock.advance(timedelta(hours=ROUNDS))  # type: ignore[attr-defined]
    told = journal.read_text().count("\n")
    keys = [entry.key for entry in house.store.history(ref)][1:]
    assert keys[:told] == [f"key {number}" for number in range(told)]
    assert len(keys) - told in (0, 1)
    assert complete(house, ref) == len(keys) + 1
    house.courier.run()
    messages = house.store.messages(ref)
    arrived = Counter(re.sub("[<>]", "", one[0]).split("@")[0] for one in mail_server.taken)
    assert {one.state for one in messages} == {MessageState.SENT}
    assert set(arrived) == {one.key for one in messages}
    assert arrived.total() - len(messages) <= ROUNDS
    house.close()


WORKING = """
import sys, time
from datetime import datetime
from pathlib import Path
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
folder, url, mail, now = Path(sys.argv[1]), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
settings = Settings(data_dir=folder, database_url=url, smtp_url=mail, sender_address="m@example.org")
house = build(settings, FixedClock(now))
print("ready", flush=True)
while True:
    house.sweep.run()
    house.courier.run()
"""


def test_sweep_and_courier_are_killed_and_each_reminder_leaves_in_one_letter(database_url, tmp_path, mail_server):
    """Forty cases are late for one reader each; after every death the leases run out, and the next one goes on.

    Each alarm tells each role once. A mail that came twice is the one that was in flight, under the same id, with the same rows.
    """
    house = opened(tmp_path, database_url, mail_server.url, BEGIN)
    refs = [house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref for _ in range(40)]
    house.courier.run()
    turns = len(mail_server.taken)
    chance = random.Random(12)
    for number in range(ROUNDS):
        # Wednesday morning: the reminder; on each of the next hours a process that dies.
        now = (BEGIN + timedelta(days=2, hours=number)).isoformat()
        words = [sys.executable, "-c", WORKING, str(tmp_path), database_url, mail_server.url, now]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.random() * (0.01, 0.03, 0.1, 0.2)[min(number, 3)])
            child.send_signal(signal.SIGKILL)

    house.clock.advance(timedelta(days=2, hours=ROUNDS))  # type: ignore[attr-defined]
    house.sweep.run()
    house.courier.run()
    reminders = [one for one in house.store.messages() if one.kind == "reminder"]
    arrived = [(re.sub("[<>]", "", id).split("@")[0], body) for id, _, body in mail_server.taken[turns:]]
    assert Counter((one.ref, one.role) for one in reminders) == dict.fromkeys(
        [(ref, role) for ref in refs for role in ("one", "two")], 1
    )
    assert {one.state for one in reminders} == {MessageState.SENT}
    assert {id for id, _ in arrived} == {one.letter or one.key for one in reminders}
    assert len(arrived) - len({id for id, _ in arrived}) <= ROUNDS
    told = Counter(ref for body in dict(arrived).values() for ref in refs if ref in body)
    assert told == dict.fromkeys(refs, 2)
    house.close()


DYING = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import event
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
folder, url, ref, now = Path(sys.argv[1]), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
for last in range(1, 40):
    pid = os.fork()
    if pid == 0:
        house = build(Settings(data_dir=folder, database_url=url), FixedClock(now))
        seen = 0
        def count(statement):
            global seen
            seen += 1
            if seen == last:
                os.kill(os.getpid(), signal.SIGKILL)
        event.listen(house.store.engine.pool, "checkout", lambda own, *rest: own.set_trace_callback(count))
        house.casework.take(ref, "go", "one", key="only")
        os._exit(0)
    died = os.waitpid(pid, 0)[1] == signal.SIGKILL
    house = build(Settings(data_dir=folder, database_url=url), FixedClock(now))
    print(len(house.store.history(ref)), len(house.store.messages(ref)), house.store.deadlines(ref)[0].step, flush=True)
    house.close()
    if not died:
        break
"""


def test_killed_at_each_statement_an_action_has_happened_whole_or_not_at_all(tmp_path):
    """It dies before the first, the second, … statement of the action; what is found then is the whole of before or of after."""
    url = f"sqlite:///{tmp_path / 'passerelle.db'}"
    house = opened(tmp_path, url, "smtp://127.0.0.1:9", BEGIN)
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    house.close()

    words = [sys.executable, "-c", DYING, str(tmp_path), url, ref, BEGIN.isoformat()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)

    *killed, whole = done.stdout.splitlines()
    assert whole == "2 4 there"
    assert len(killed) >= 8
    assert set(killed) <= {"1 2 here", "2 4 there"}
    assert killed[0] == "1 2 here"
    again = opened(tmp_path, url, "smtp://127.0.0.1:9", BEGIN)
    assert complete(again, ref) == 2
    again.close()
