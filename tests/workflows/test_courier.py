"""The courier with a real mail server: every kind of failure, crashes, Prefect there and away."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.actors.model import Actor, Way
from engine.application.outbox import FIRST_WAIT, LEASE, LONGEST_WAIT, backoff
from engine.application.ports import NewMessage
from engine.bootstrap import Application, build
from engine.clock import FixedClock
from engine.settings import Settings
from engine.values import MessageKind, MessageState
from workflows import environment
from workflows.dispatcher import Dispatcher
from workflows.server import PrefectServer

PING = Path(__file__).parents[2] / "benchmarks" / "ping.yaml"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def opened(folder: Path, url: str) -> Application:
    return build(Settings(data_dir=folder, smtp_url=url, sender_address="messages@example.org"), FixedClock(NOW))


def with_messages(house: Application, count: int, address: str = "desk@example.org") -> str:
    """Fill the outbox with `count` messages for one desk, beside the two of a launch."""
    house.procedures.publish(PING)
    people = {"one": "FR", "two": "FR", "far": "AL"}
    ways = (Way(kind="mail", address=address),)
    house.people.add(
        [
            Actor(
                id=role, name=f"CANARY-{role}", sample=True, country=country, roles=(role,), channels=ways, enabled=True
            )
            for role, country in people.items()
        ]
    )
    ref = house.casework.launch("ping", "FR", "AL", "one", {}, {}).ref
    kind, state = MessageKind.YOUR_TURN, MessageState.QUEUED
    more = [NewMessage(f"m{n}", ref, 1, kind, "one", "one", "here", "reminder", state, NOW) for n in range(count)]
    house.store.queue(more)
    return ref


@pytest.fixture
def outbox(tmp_path: Path, mail_server) -> Iterator[Application]:
    house = opened(tmp_path, mail_server.url)
    yield house
    house.close()


def test_everything_leaves_over_one_connection_with_the_id_of_its_row(outbox, mail_server):
    """Two hundred messages, one connection, each id once."""
    with_messages(outbox, 198)

    done = outbox.courier.run()

    keys = {one.key for one in outbox.store.messages()}
    assert done.sent == 200
    assert mail_server.connections == 1
    assert {re.sub("[<>]", "", one[0]).split("@")[0] for one in mail_server.taken} == keys


def test_a_mailbox_that_does_not_exist_fails_for_good_and_is_said(outbox, mail_server):
    """It is not tried again; the reason names a code and no address. The word of it, to the same mailbox, fails too."""
    with_messages(outbox, 0, "gone@example.org")
    mail_server.answers["gone@example.org"] = "550 no such mailbox"

    done = outbox.courier.run()

    assert (done.sent, done.failed) == (0, 4)
    assert all(one.state is MessageState.FAILED and "550" in one.reason for one in outbox.store.messages())
    assert all("gone" not in one.reason for one in outbox.store.messages())


def test_a_mailbox_that_is_busy_is_tried_again_later(outbox, mail_server):
    """The row is put back with a wait, and leaves when the server takes it."""
    with_messages(outbox, 0, "busy@example.org")
    mail_server.answers["busy@example.org"] = "451 try later"
    first = outbox.courier.run()
    mail_server.answers.clear()
    at_once = outbox.courier.run()
    outbox.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]

    later = outbox.courier.run()

    assert (first.later, at_once.sent, later.sent) == (2, 0, 2)


def test_a_server_that_is_away_loses_nothing(tmp_path):
    """No connection: every row waits, and says why."""
    house = opened(tmp_path, "smtp://127.0.0.1:9")
    with_messages(house, 3)

    done = house.courier.run()

    assert (done.sent, done.later) == (0, 5)
    assert all("can't be reached" in one.reason for one in house.store.messages())
    house.close()


def test_a_message_that_never_leaves_is_given_up_after_some_days(tmp_path):
    """Then it becomes a task for a person."""
    house = opened(tmp_path, "smtp://127.0.0.1:9")
    with_messages(house, 0)
    begun = house.clock.now()
    first = {one.id for one in house.store.messages()}
    while any(one.state is MessageState.QUEUED for one in house.store.messages() if one.id in first):
        house.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
        house.courier.run()

    assert timedelta(days=2) < house.clock.now() - begun < timedelta(days=6)
    assert {one.state for one in house.store.messages() if one.id in first} == {MessageState.FAILED}
    assert {one.template for one in house.store.messages() if one.id not in first} == {"undelivered"}
    house.close()


def test_without_a_channel_a_message_waits_for_as_long_as_it_takes(tmp_path, mail_server):
    """A month without a mail server is no failed try; once there is one, everything leaves within minutes."""
    without = build(Settings(data_dir=tmp_path), FixedClock(NOW))
    with_messages(without, 1)
    for _ in range(30):
        without.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
        without.courier.run()
    assert {(one.state, one.tries) for one in without.store.messages()} == {(MessageState.QUEUED, 0)}
    without.close()

    with_server = opened(tmp_path, mail_server.url)
    with_server.clock.advance(timedelta(days=30, minutes=6))  # type: ignore[attr-defined]

    assert with_server.courier.run().sent == 3
    with_server.close()


@pytest.mark.parametrize("tries", range(25))
def test_waits_grow_and_stay_within_bounds(tries):
    """Never shorter than 22 seconds, never longer than seven and a half hours, longer with each try."""
    shortest, longest = backoff(tries, 0.0), backoff(tries, 1.0)

    assert FIRST_WAIT * 0.75 <= shortest <= longest <= LONGEST_WAIT * 1.25
    assert backoff(tries + 1, 0.5) >= backoff(tries, 0.5)


CHILD = """
import sys
from pathlib import Path
from engine.bootstrap import build
from engine.settings import Settings
build(Settings(data_dir=Path(sys.argv[1]), smtp_url=sys.argv[2], sender_address="messages@example.org")).courier.run()
"""


def test_killed_at_random_moments_nothing_is_lost(tmp_path, mail_server, monkeypatch):
    """Ten couriers are killed while they deliver; in the end each message has arrived, a repeat under the same id."""
    house = opened(tmp_path, mail_server.url)
    with_messages(house, 118)
    chance = random.Random(7)
    # Leases of killed couriers run out at once: their rows are due again for the next one.
    expire = "UPDATE outbox SET next_at = 0 WHERE state = 'sending'"

    for _ in range(10):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path), mail_server.url], cwd=PING.parents[1])
        before, until = len(mail_server.taken), time.monotonic() + 20
        while (
            len(mail_server.taken) < before + chance.randint(1, 6) and child.poll() is None and time.monotonic() < until
        ):
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait()
        with house.store.writing() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql(expire)
    house.courier.run()

    keys = {one.key for one in house.store.messages()}
    arrived = [re.sub("[<>]", "", one[0]).split("@")[0] for one in mail_server.taken]
    assert {one.state for one in house.store.messages()} == {MessageState.SENT}
    assert set(arrived) == keys
    assert len(arrived) - len(keys) <= 10
    house.close()


def carried(dispatcher: Dispatcher) -> int:
    """Carry through Prefect, whose client leaves open sockets to the collector: they are collected here."""
    sent = asyncio.run(dispatcher.carry())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
    return sent


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_prefect_carries_a_batch_and_learns_nothing(outbox, mail_server, prefect, known_to):
    """One run delivers all; in Prefect's folder stands no name, no address, no reference and no word of a message."""
    ref = with_messages(outbox, 30, "canary-desk@example.org")
    dispatcher = Dispatcher(outbox, prefect, 60.0)

    sent = carried(dispatcher)

    assert (sent, dispatcher.runs, dispatcher.plainly) == (32, 1, 0)
    time.sleep(2)
    known = known_to(Path(prefect.environment["PREFECT_HOME"]))
    assert b"deliver-due" in known
    for secret in (b"CANARY", b"canary-desk", ref.encode(), b"waiting for you"):
        assert secret not in known


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_what_passes_is_tried_again_within_the_run_and_what_does_not_is_not(outbox, mail_server, prefect, known_to):
    """A server that is busy for a second takes the batch at the next try; a mailbox that is gone is asked once."""
    with_messages(outbox, 3, "canary-busy@example.org")
    gone = outbox.people.find("two").model_copy(update={"channels": (Way(kind="mail", address="gone@example.org"),)})
    outbox.people.add([gone])
    mail_server.answers.update({"canary-busy@example.org": "451 try later", "gone@example.org": "550 gone"})
    dispatcher = Dispatcher(outbox, prefect, 60.0)
    better = threading.Timer(1.0, mail_server.answers.pop, ["canary-busy@example.org"])

    better.start()
    sent = carried(dispatcher)

    better.join()
    assert (sent, dispatcher.runs) == (4, 1)
    assert sorted((one.actor, str(one.state), one.tries) for one in outbox.store.messages()) == [
        ("one", "queued", 0), *[("one", "sent", 1)] * 4, ("two", "failed", 1),
    ]  # fmt: skip
    assert b"canary-busy" not in known_to(Path(prefect.environment["PREFECT_HOME"]))


def test_a_fault_reaches_prefect_by_its_kind_only(prefect):
    """Whatever an error says may name a person; Prefect keeps what it is told."""
    environment.apply(prefect.environment)
    from workflows.house import TryAgain, safely, serving

    def fail(house: object) -> int:
        raise LookupError("CANARY lives in Tirana")

    with pytest.raises(TryAgain) as told, serving(None):  # type: ignore[arg-type]
        asyncio.run(safely(fail))

    assert str(told.value) == "it could not be done (LookupError)"
    assert (told.value.__cause__, told.value.__context__) == (None, None)


def test_a_desk_that_can_not_be_read_does_not_hold_up_the_others(outbox, mail_server):
    """Its message waits and says why; every other one leaves."""
    with_messages(outbox, 3)
    spoilt = outbox.store.actor("two")
    outbox.store.save_actor(replace(spoilt, body=spoilt.body[:-1]))

    done = outbox.courier.run()

    assert (done.sent, done.later, done.failed) == (4, 1, 0)
    (waiting,) = outbox.store.messages(states=[MessageState.QUEUED])
    assert (waiting.actor, waiting.reason) == ("two", "it can't be written now (seal_broken)")


def test_what_is_not_sent_when_the_lease_ends_is_left_to_others(outbox, mail_server):
    """A server so slow that the lease runs out: nothing more is sent under it, for somebody else may be sending it."""
    with_messages(outbox, 3)
    ids = outbox.courier.lease()
    outbox.clock.advance(LEASE)  # type: ignore[attr-defined]

    late = outbox.courier.deliver(ids)

    assert (late.sent, late.lost) == (0, 5)
    assert outbox.courier.run().sent == 5
    assert len(mail_server.taken) == 5


def test_without_prefect_the_plain_courier_delivers(outbox, mail_server, tmp_path):
    """A Prefect that never answers only delays: after the patience everything leaves."""
    with_messages(outbox, 3)
    away = PrefectServer(tmp_path / "none", 4291)
    dispatcher = Dispatcher(outbox, away, 0.2)

    first = asyncio.run(dispatcher.carry())
    time.sleep(0.3)
    second = asyncio.run(dispatcher.carry())

    assert (first, second) == (0, 5)
    assert dispatcher.plainly == 5


SICK = """
import asyncio, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from engine.bootstrap import build
from engine.settings import Settings
from workflows.dispatcher import Dispatcher
from workflows.server import PrefectServer

class Sick(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/api/health" else 500)
        self.end_headers()
    def do_POST(self):
        self.send_error(500)
    def log_message(self, *words):
        pass

sick = ThreadingHTTPServer(("127.0.0.1", 0), Sick)
threading.Thread(target=sick.serve_forever, daemon=True).start()
house = build(Settings(data_dir=Path(sys.argv[1]), smtp_url=sys.argv[2], sender_address="messages@example.org"))
prefect = PrefectServer(Path(sys.argv[1]) / "prefect", sick.server_port)
prefect.port = sick.server_port
dispatcher = Dispatcher(house, prefect, 0.5)
for _ in range(3):
    asyncio.run(dispatcher.carry())
    time.sleep(0.6)
print(dispatcher.runs, dispatcher.plainly)
"""


def test_a_prefect_that_says_it_is_well_and_is_not_only_delays(outbox, mail_server, tmp_path):
    """Its health is fine and every run fails: after the patience everything leaves without it."""
    with_messages(outbox, 3)
    words = [sys.executable, "-c", SICK, str(tmp_path), mail_server.url]

    done = subprocess.run(words, cwd=PING.parents[1], capture_output=True, text=True, timeout=60)

    runs, plainly = map(int, done.stdout.split())
    assert (runs > 0, plainly) == (True, 5), done.stderr
    assert len(mail_server.taken) == 5


def test_no_telemetry_is_left_on(prefect):
    """Both switches are off, and nothing is logged to Prefect's API."""
    environment = prefect.environment

    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_LOGGING_TO_API_ENABLED"] == "false"
    assert (os.stat(environment["PREFECT_HOME"]).st_mode & 0o077) == 0


def test_the_server_is_not_told_our_secrets(prefect):
    """Keys and passwords of the settings are none of Prefect's business."""
    own = {"PATH": "/bin", "PASSERELLE_KEYS": "secret", "PASSERELLE_SMTP_URL": "smtps://user:secret@mail.example.org"}

    told = environment.for_child(own, prefect.environment)

    assert "secret" not in "".join(told.values())
    assert told["PATH"] == "/bin"
    assert told["PREFECT_HOME"] == prefect.environment["PREFECT_HOME"]
