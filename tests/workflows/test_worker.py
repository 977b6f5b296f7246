"""The same flows on a Prefect server with workers, as prefect.yaml deploys them: for real, one worker killed in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from engine.actors.model import Actor, Way
from engine.application.ports import NewMessage
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings
from engine.values import MessageKind, MessageState

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_two_workers_share_the_work_and_one_is_killed(postgres_url, tmp_path, mail_server, prefect, known_to):
    """Deployed, run by two workers over PostgreSQL, one of them killed with all it runs: nothing is lost.

    What the killed one held is due again when its lease ends; only the message that was on its way can come twice, under the
    same id. The sweep reminds of what is late. Prefect learns nothing of any of it.
    """
    house = build(Settings(data_dir=tmp_path / "house", database_url=postgres_url), FixedClock(NOW), upgrading=True)
    house.procedures.publish(ROOT / "benchmarks" / "ping.yaml")
    ways = (Way(kind="mail", address="canary-desk@example.org"),)
    people = {"one": "FR", "two": "FR", "far": "AL"}
    house.people.add(
        [
            Actor(id=role, name="CANARY", sample=True, country=country, roles=(role,), channels=ways, enabled=True)
            for role, country in people.items()
        ]
    )
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    kind, state = MessageKind.YOUR_TURN, MessageState.QUEUED
    house.store.queue(
        [NewMessage(f"m{n}", ref, 1, kind, "one", "one", "here", "reminder", state, NOW) for n in range(500)]
    )
    environment = {
        **os.environ, **prefect.environment, "PREFECT_HOME": str(tmp_path / "worker"), "PASSERELLE_HOME": str(ROOT),
        "PASSERELLE_DATA_DIR": str(tmp_path / "house"), "PASSERELLE_DATABASE_URL": postgres_url,
        "PASSERELLE_SMTP_URL": mail_server.url, "PASSERELLE_SENDER_ADDRESS": "messages@example.org",
    }  # fmt: skip

    def command(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "prefect", *words],
            env=environment,
            cwd=ROOT,
            check=True,
            capture_output=True,
            timeout=60,
        )

    command("work-pool", "create", "passerelle", "--type", "process")
    command("deploy", "--all")
    command("deployment", "run", "deliver-due/courier")
    command("deployment", "run", "deliver-due/courier")
    command("deployment", "run", "sweep-due/sweep")
    words = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "passerelle", "--limit", "1"]
    logs = [(tmp_path / f"worker-{number}.log").open("wb") for number in range(2)]
    workers = [
        subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        for log in logs
    ]
    wait_until(lambda: len(mail_server.taken) > 20)
    os.killpg(workers[0].pid, signal.SIGKILL)
    wait_until(lambda: not _held(house, MessageState.QUEUED) and _reminded(house))
    with house.store.writing() as connection:  # half an hour later
        connection.exec_driver_sql("UPDATE outbox SET next_at = 0 WHERE state = 'sending'")
    command("deployment", "run", "deliver-due/courier")
    wait_until(lambda: not _held(house, MessageState.QUEUED, MessageState.SENDING))
    os.killpg(workers[1].pid, signal.SIGKILL)
    for worker, log in zip(workers, logs, strict=True):
        worker.wait(30)
        log.close()

    arrived = Counter(re.sub("[<>]", "", one[0]).split("@")[0] for one in mail_server.taken)
    turns = {one.key: one.state for one in house.store.messages() if one.kind == "your_turn"}
    assert turns.keys() <= arrived.keys()
    assert set(turns.values()) == {MessageState.SENT}
    assert sum(arrived[key] - 1 for key in turns) <= 1
    said = b"".join((tmp_path / f"worker-{number}.log").read_bytes() for number in range(2))
    known = known_to(Path(prefect.environment["PREFECT_HOME"])) + known_to(tmp_path / "worker") + said
    assert b"deliver-due" in known
    assert b"sweep-due" in known
    for secret in (b"CANARY", b"canary-desk", ref.encode(), b"waiting for you"):
        assert secret not in known
    house.close()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until, "it did not happen within two minutes"
        time.sleep(0.2)


def _held(house: Application, *states: MessageState) -> bool:
    """Whether turns still wait: reminders wait for their readers' morning."""
    return any(one.kind == "your_turn" for one in house.store.messages(states=states))


def _reminded(house: Application) -> bool:
    return any(one.kind == "reminder" for one in house.store.messages())
