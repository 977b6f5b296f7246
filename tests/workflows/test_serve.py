"""`passerelle serve` as a process: Prefect comes up beside it by itself, messages leave, and nothing stays behind when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.actors.model import Actor, Way
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
from workflows.server import PrefectServer

ROOT = Path(__file__).parents[2]


def waited(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_one_command_carries_the_messages_and_leaves_nothing_behind(tmp_path, mail_server, sign):
    """No other process was started by hand; after Ctrl-C, and even after a kill, the port of Prefect is free again."""
    house = build(Settings(data_dir=tmp_path), FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC)))
    house.procedures.publish(ROOT / "benchmarks" / "ping.yaml")
    ways = (Way(kind="mail", address="desk@example.org"),)
    people = {"one": "FR", "two": "FR", "far": "AL"}
    house.people.add(
        [
            Actor(id=role, name=role, sample=True, country=country, roles=(role,), channels=ways, enabled=True)
            for role, country in people.items()
        ]
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        **os.environ, "PASSERELLE_DATA_DIR": str(tmp_path), "PASSERELLE_SMTP_URL": mail_server.url,
        "PASSERELLE_SENDER_ADDRESS": "messages@example.org", "PASSERELLE_PREFECT_PORT": str(port), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    serving = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "serve"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    answers = PrefectServer(tmp_path / "never started", port)
    answers.port = port

    assert waited(answers.is_ready, 60)
    house.casework.launch("ping", "FR", "AL", "one", {}, {})
    assert waited(lambda: len(mail_server.taken) == 2, 30)
    serving.send_signal(sign)
    said, _ = serving.communicate(timeout=30)

    assert serving.returncode == (0 if sign is signal.SIGINT else -signal.SIGKILL)
    assert re.search("nothing is lost", said) or sign is signal.SIGKILL
    assert waited(lambda: not answers.is_ready(), 20)
    house.close()
