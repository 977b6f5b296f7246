"""The clocks: what is due found and claimed among many rows, reminders queued, a deadline counted, two workers beside one."""

from __future__ import annotations

import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from benchmarks.action import START, furnished, settle
from benchmarks.courier import free_port
from engine.adapters.store.database import micros
from engine.adapters.store.rows import alarms_text
from engine.adapters.store.tables import deadlines
from engine.bootstrap import Application
from engine.calendars.almanac import shipped
from engine.cases.deadlines import due_at, schedule
from engine.sop.model import DeadlineRule
from engine.values import MessageState

DUE = 500
"""Rows that one sweep claims."""


def counted(rounds: int = 9) -> tuple[float, float]:
    """Return the medians (µs) of counting 30 working days over two calendars, and of that with a reminder and an escalation."""
    rule = DeadlineRule.model_validate(
        {
            "within": "30 working days",
            "calendar": "both",
            "remind": ["3 working days before"],
            "escalate": [{"after": "2 working days", "to": ["boss"]}],
        }
    )
    calendars = shipped().between("FR", "MA")
    begins = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=7 * number) for number in range(1000)]
    plain, whole = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        for one in begins:
            due_at(rule, one, calendars)
        between = time.perf_counter()
        for one in begins:
            schedule(rule, one, calendars)
        plain.append((between - started) / len(begins) * 1e6)
        whole.append((time.perf_counter() - between) / len(begins) * 1e6)
    return statistics.median(plain[1:]), statistics.median(whole[1:])


def claims(url: str | None, sizes: tuple[int, ...], rounds: int = 9) -> Iterator[tuple[int, float]]:
    """Yield, for each number of waiting rows, the median (ms) of finding and claiming 500 that are due."""
    with tempfile.TemporaryDirectory() as folder:
        house = furnished(Path(folder), url)
        row = _row(house, house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref)
        have = 1
        for size in sizes:
            _lay(house, row, size - have)
            have = size
            settle(house)
            took = []
            for number in range(rounds):
                now = START + timedelta(hours=number)
                _lay(house, row, DUE, now)
                started = time.perf_counter()
                claimed = house.store.claim_due(now, DUE, now + timedelta(minutes=10))
                took.append((time.perf_counter() - started) * 1000)
                if len(claimed) != DUE:
                    raise SystemExit(f"{len(claimed)} rows were claimed, not {DUE}")
            yield size, statistics.median(took[1:])
        house.close()


def _row(house: Application, ref: str) -> dict[str, Any]:
    (deadline,) = house.store.deadlines(ref)
    return {
        "ref": ref, "step": "here", "name": "due", "kind": "due", "due_at": micros(deadline.due_at), "held": False,
        "alarms": alarms_text(deadline.alarms),
    }  # fmt: skip


def _lay(house: Application, row: dict[str, Any], count: int, at: datetime | None = None) -> None:
    """Put rows beside those that are there: due at `at`, or at any time in ten years to come."""
    later, span = micros(START + timedelta(days=1000)), 10 * 365 * 86_400_000_000
    for first in range(0, count, 5000):
        with house.store.engine.begin() as connection:  # type: ignore[attr-defined]
            connection.execute(
                deadlines.insert(),
                [
                    {
                        **row,
                        "id": secrets.randbits(62),
                        "next_at": micros(at) if at else later + secrets.randbelow(span),
                    }
                    for _ in range(min(5000, count - first))
                ],
            )


def reminders(url: str | None, cases: int = 1000) -> float:
    """Return how many reminders a second a sweep composes, queues and commits."""
    with tempfile.TemporaryDirectory() as folder:
        house = furnished(Path(folder), url)
        for _ in range(cases):
            house.casework.launch("ping", "FR", "AL", "one", {}, {})
        house.sweep.run()
        house.clock.advance(timedelta(days=2, hours=2))  # type: ignore[attr-defined]
        started = time.perf_counter()
        queued = house.sweep.run().messages
        took = time.perf_counter() - started
        house.close()
    return queued / took


WORKING = """
import sys
from datetime import datetime
from pathlib import Path
from engine.bootstrap import build
from engine.clock import FixedClock
from engine.settings import Settings
folder, url, mail, now = Path(sys.argv[1]), sys.argv[2], sys.argv[3], datetime.fromisoformat(sys.argv[4])
settings = Settings(data_dir=folder, database_url=url, smtp_url=mail, sender_address="m@example.org")
house = build(settings, FixedClock(now))
print("ready", flush=True)
sys.stdin.readline()
house.sweep.run()
house.courier.run()
"""


def workers(url: str, cases: int = 1500) -> tuple[float, float]:
    """Return how long (s) one process, and two, take to sweep what is due and to carry what came of it."""
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            house = furnished(Path(folder), url)
            took = [_worked(house, url, f"smtp://127.0.0.1:{server.port}", count, cases) for count in (1, 2)]
            house.close()
    finally:
        server.stop()
    return took[0], took[1]


def _worked(house: Application, url: str, smtp: str, count: int, cases: int) -> float:
    for _ in range(cases):
        house.casework.launch("ping", "FR", "AL", "one", {}, {})
    house.sweep.run()
    now = START + timedelta(days=2, hours=2)
    words = [sys.executable, "-c", WORKING, str(house.settings.data_dir), url, smtp, now.isoformat()]
    hands = [subprocess.Popen(words, stdin=PIPE, stdout=PIPE, text=True) for _ in range(count)]
    for one in hands:
        if one.stdout is None or one.stdout.readline() != "ready\n":
            raise SystemExit("a worker does not start here")
    started = time.perf_counter()
    for one in hands:
        if one.stdin is not None:
            one.stdin.write("go\n")
            one.stdin.flush()
    for one in hands:
        one.wait()
    took = time.perf_counter() - started
    left = house.store.messages(states=[MessageState.QUEUED, MessageState.SENDING])
    if left or any(one.returncode for one in hands):
        raise SystemExit(f"{len(left)} messages were left")
    return took
