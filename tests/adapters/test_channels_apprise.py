"""Other channels than mail, against a real HTTP server; what they must never reach, and what must never reach a log."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from engine.actors.model import GATEWAYS
from engine.adapters.channels.apprise_channel import AppriseChannel, _is_ours
from engine.application.ports import Outgoing, PassingFailure, PermanentFailure


class Gateway:
    """A webhook on the loopback address: remembers what it was asked, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200
        self.redirect_to = ""
        self.silent = threading.Event()
        self.patience = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, dict(self.headers), json.loads(body)))
                if outer.silent.is_set():
                    outer.patience.wait(10)
                self.send_response(outer.status)
                if outer.redirect_to:
                    self.send_header("Location", outer.redirect_to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_address[1]}/canary-path"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    thread = threading.Thread(target=gateway.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    gateway.patience.set()
    gateway.server.shutdown()
    thread.join()
    gateway.server.server_close()


def send(address: str, *, timeout: float = 5.0, here: bool = True, times: int = 1) -> None:
    channel = AppriseChannel("Messages", timeout=timeout, on_this_machine=here)
    with channel.connect() as sender:
        for number in range(times):
            message = Outgoing(f"k{number}", address, "canary-subject", "À vous, مرحبا.\ncanary-body\n", "fr")
            sender.send(message)


def test_a_message_arrives_as_it_was_written(gateway):
    """Subject and body, under our neutral name and without a word on the software that sent it."""
    send(gateway.address)
    ((path, headers, said),) = gateway.asked

    assert path.rstrip("/") == "/canary-path"
    assert (said["title"], said["message"].strip()) == ("canary-subject", "À vous, مرحبا.\ncanary-body")
    assert headers["User-Agent"] == "Messages"
    assert "apprise" not in json.dumps([headers, said]).lower()


def test_each_message_is_told_once_and_without_a_pause(gateway):
    """A gateway of one's own needs no waiting time between messages."""
    send(gateway.address, times=20)

    assert len(gateway.asked) == 20


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
def test_an_answer_that_will_not_change_fails_for_good(gateway, status):
    """A wrong address or a key that no longer fits becomes a task for a person at once."""
    gateway.status = status

    with pytest.raises(PermanentFailure, match=str(status)):
        send(gateway.address)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_busy_gateway_is_tried_again(gateway, status):
    """What may pass is not given up."""
    gateway.status = status

    with pytest.raises(PassingFailure, match=str(status)):
        send(gateway.address)


def test_one_answer_is_not_taken_for_the_next(gateway):
    """A refusal is forgotten when the next message meets with silence."""
    gateway.status = 404
    with pytest.raises(PermanentFailure):
        send(gateway.address)
    gateway.silent.set()

    with pytest.raises(PassingFailure, match="no answer"):
        send(gateway.address, timeout=0.2)


def test_a_gateway_that_is_away_is_tried_again(gateway):
    """So is a host that can't be found."""
    gateway.server.server_close()

    with pytest.raises(PassingFailure):
        send(gateway.address)
    with pytest.raises(PassingFailure, match="can't be found"):
        send("json://nowhere.invalid/canary")


@pytest.mark.parametrize("option", ["", "?redirect=yes"])
def test_a_redirect_is_not_followed(gateway, option):
    """Nobody but the gateway that was named gets the message, whatever the gateway or the address says."""
    gateway.status, gateway.redirect_to = 307, f"{gateway.address.replace('json', 'http')}/elsewhere"

    with pytest.raises(PassingFailure):
        send(gateway.address + option)
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "mailto://user:canary@example.org", "mailtos://user:canary@example.org", "syslog://", "windows://", "dbus://", "gnome://",
        "macosx://", "exec://canary", "file:///etc/passwd", "tgram://123456:canary/1", "slack://canary", "https://example.org",
        "aprs://u:p@canary", "json", "json://", "matrix://", "signal://", "nonsense", "", "JSON://127.0.0.1",
    ],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused(address):
    """Mail goes by mail; nothing runs a program, reads a file, or tells a third party; the refusal repeats nothing."""
    with pytest.raises(PermanentFailure) as refused:
        send(address)

    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "169.254.169.254", "[fe80::1]", "224.0.0.1", "255.255.255.255", "240.0.0.1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["json", "signal"])
def test_this_machine_and_cloud_metadata_are_out_of_reach(host, scheme):
    """However the address is written, it is looked up first and refused; nothing is sent."""
    with pytest.raises((PermanentFailure, PassingFailure), match=r"leads to this machine|can't be read|can't be found"):
        send(f"{scheme}://{host}/+33100000000/+33100000001", here=False)


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "93.184.216.34", "2001:4860:4860::8888", "fd00::1"])
def test_ordinary_hosts_are_within_reach(address):
    """A gateway may stand in the office's own network."""
    assert not _is_ours(address)


def test_nothing_of_address_or_message_reaches_a_log_or_an_error(gateway, caplog, capfd):
    """Not even at the most talkative level, and not when things go wrong."""
    caplog.set_level(logging.DEBUG)
    failures = []
    for status in (200, 404, 500):
        gateway.status = status
        try:
            send(gateway.address)
        except (PassingFailure, PermanentFailure) as why:
            failures.append(f"{why!r} {why.__cause__!r} {why.__context__!r}")
    captured = capfd.readouterr()
    told = " ".join([caplog.text, captured.out, captured.err, *failures])

    assert len(gateway.asked) == 3
    assert len(failures) == 2
    assert "canary" not in told
    assert "127.0.0.1" not in told


@pytest.mark.parametrize("scheme", GATEWAYS)
def test_every_gateway_an_actor_may_have_can_be_read(scheme):
    """What is accepted when a desk is entered is known here too, and keeps its host."""
    rest = {
        "json": "example.org/hook",
        "matrix": "user:secret@example.org/#room",
        "mmost": "example.org/3ccdd113474722377935511fc85d3dd4",
        "nctalk": "user:secret@example.org/room",
        "rocket": "user:secret@example.org/#room",
        "signal": "example.org/+33100000000/+33100000001",
    }[scheme.removesuffix("s")]
    way = AppriseChannel("Messages")._way(f"{scheme}://{rest}")

    assert (way.host, way.secure) == ("example.org", scheme.endswith("s"))


def test_no_other_service_is_even_loaded():
    """Of Apprise's services only the one that sends is imported: less to start, and less to trust."""
    code = (
        "import sys; from engine.adapters.channels.apprise_channel import AppriseChannel as A; A('M')._way('json://h/p');"
        "print(sorted(m for m in sys.modules if m.startswith('apprise.plugins.') and m.count('.') == 2))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert "apprise.plugins.custom_json" in loaded
    assert not any(name in loaded for name in ("email", "syslog", "slack", "telegram", "dbus", "windows"))


def test_certificates_are_always_checked():
    """An address can't switch that off."""
    way = AppriseChannel("Messages")._way("jsons://example.org/path?verify=no&cto=9999&rto=9999&redirect=yes")

    assert way.verify_certificate is True
    assert way.request_timeout == (20.0, 20.0)
