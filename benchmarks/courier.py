"""Two hundred messages over one SMTP connection: through the Prefect flow, once it has started, against a bare smtplib loop."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import statistics
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from benchmarks.action import START, furnished
from engine.application.ports import NewMessage
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings
from engine.values import MessageKind, MessageState
from workflows.dispatcher import Dispatcher
from workflows.server import PrefectServer

COUNT = 200


def courier(rounds: int = 5) -> tuple[float, float]:
    """Return the medians (ms a message) of the flow and of the loop, interleaved."""
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    url = f"smtp://127.0.0.1:{server.server.sockets[0].getsockname()[1]}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            furnished(Path(folder), None).close()
            settings = Settings(data_dir=Path(folder), smtp_url=url)
            house = build(settings, FixedClock(START))
            prefect = PrefectServer(settings.prefect_home, settings.prefect_port)
            prefect.start()
            try:
                return _measured(house, prefect, url, rounds)
            finally:
                prefect.stop()
                house.close()
    finally:
        server.stop()


def _measured(house: Application, prefect: PrefectServer, url: str, rounds: int) -> tuple[float, float]:
    if not prefect.wait(90):
        raise SystemExit("Prefect does not start here")
    dispatcher = Dispatcher(house, prefect, 60.0)
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    flows, loops = [], []
    with asyncio.Runner() as runner:
        for number in range(rounds + 1):
            _queue(house, ref, number)
            started = time.perf_counter()
            while runner.run(dispatcher.carry()):
                pass
            flows.append((time.perf_counter() - started) * 1000 / COUNT)
            started = time.perf_counter()
            _loop(url)
            loops.append((time.perf_counter() - started) * 1000 / COUNT)
    return statistics.median(flows[1:]), statistics.median(loops[1:])


def _queue(house: Application, ref: str, number: int) -> None:
    now = house.clock.now()
    house.store.queue(
        [
            NewMessage(
                f"{number}-{one}",
                ref,
                1,
                MessageKind.YOUR_TURN,
                "one",
                "one",
                "here",
                "reminder",
                MessageState.QUEUED,
                now,
            )
            for one in range(COUNT)
        ],
    )


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _loop(url: str) -> None:
    where = urlsplit(url)
    with smtplib.SMTP(where.hostname or "", where.port or 25) as server:
        for number in range(COUNT):
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = (
                "messages@localhost",
                "desk@example.org",
                "A message is waiting for you",
            )
            mail["Message-ID"] = f"<{number}@localhost>"
            mail.set_content("Case 7K3Q-9FX4-T\nThis is a reminder. Something is waiting for you.\n")
            server.send_message(mail)
