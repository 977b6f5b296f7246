"""The same flows on a Prefect server with workers, as prefect.yaml deploys them: tried for real, in about half a minute."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from engine.actors.model import Actor, Way
from engine.application.ports import NewMessage
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
from engine.values import MessageKind, MessageState

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_two_workers_empty_the_outbox_and_send_nothing_twice(postgres_url, tmp_path, mail_server, prefect, known_to):
    """Deployed, run by two workers over PostgreSQL: each message arrives once, and Prefect learns nothing of any."""
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
    (deadline,) = house.store.deadlines(ref)
    kind, state = MessageKind.YOUR_TURN, MessageState.QUEUED
    house.store.move_on(
        deadline, [NewMessage(f"m{n}", ref, 1, kind, "one", "one", "here", "reminder", state, NOW) for n in range(500)]
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
    words = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "passerelle", "--limit", "1"]
    logs = [(tmp_path / f"worker-{number}.log").open("wb") for number in range(2)]
    workers = [subprocess.Popen(words, env=environment, cwd=ROOT, stdout=log, stderr=log) for log in logs]
    until = time.monotonic() + 60
    while house.store.messages(states=[MessageState.QUEUED, MessageState.SENDING]) and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(2)
    for worker in workers:
        worker.terminate()
    for worker, log in zip(workers, logs, strict=True):
        worker.wait(30)
        log.close()

    arrived = sorted(re.sub("[<>]", "", one[0]).split("@")[0] for one in mail_server.taken)
    assert arrived == sorted(one.key for one in house.store.messages())
    assert {one.state for one in house.store.messages()} == {MessageState.SENT}
    said = b"".join((tmp_path / f"worker-{number}.log").read_bytes() for number in range(2))
    known = known_to(Path(prefect.environment["PREFECT_HOME"])) + known_to(tmp_path / "worker") + said
    assert b"deliver-due" in known
    for secret in (b"CANARY", b"canary-desk", ref.encode(), b"waiting for you"):
        assert secret not in known
    house.close()
