"""Mail over a real SMTP server, one that behaves and one that doesn't."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.adapters.channels import SmtpChannel
from engine.adapters.channels.smtp import PATIENCE
from engine.application.ports import Outgoing, PassingFailure
from engine.clock import FixedClock
from engine.errors import PasserelleError, WrongUse

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SENDER = ("Messages", "messages@example.org")


def channel(url: str, timeout: float = 10.0, trust: ssl.SSLContext | None = None) -> SmtpChannel:
    return SmtpChannel(url, SENDER, FixedClock(NOON), timeout=timeout, trust=trust)


def to(name: str) -> Outgoing:
    return Outgoing(f"key-{name}", f"{name}@example.org", "A message is waiting for you", "À vous, مرحبا.\n", "en")


def sent(through: SmtpChannel, *names: str) -> list[PasserelleError | None]:
    """Send to each desk over one connection; answer what came of each."""
    came: list[PasserelleError | None] = []
    with through.connect() as sender:
        for name in names:
            try:
                sender.send(to(name))
                came.append(None)
            except PasserelleError as why:
                came.append(why)
    return came


def kinds(came: list[PasserelleError | None]) -> list[str]:
    return [one.code if one else "sent" for one in came]


def keys(server: Any) -> list[str]:
    return [key for key, _, _ in server.taken]


# ── A server that behaves ────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_goes_over_one_connection(mail_server):
    """Two hundred messages, one greeting, each to its own desk under its own id."""
    names = [f"desk{number}" for number in range(200)]
    came = sent(channel(mail_server.url), *names)

    assert came == [None] * 200
    assert mail_server.connections == 1
    assert [(key, to) for key, to, _ in mail_server.taken] == [
        (f"<key-{n}@example.org>", f"{n}@example.org") for n in names
    ]


def test_a_repeat_carries_the_same_id(mail_server):
    """A desk whose mail arrives twice has one message: its program sees the same Message-ID."""
    sent(channel(mail_server.url), "desk")
    sent(channel(mail_server.url), "desk")

    assert keys(mail_server) == ["<key-desk@example.org>"] * 2


def test_the_mail_names_neither_this_machine_nor_our_software(mail_server):
    """Who reads the headers learns our domain and nothing else about us."""
    sent(channel(mail_server.url), "desk")
    ((_, _, content),) = mail_server.taken

    assert mail_server.greeted == ["example.org"]
    assert socket.gethostname() not in content
    assert "x-mailer" not in content.lower()
    assert "python" not in content.lower()


# ── A server that refuses ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("550 5.1.1 no such mailbox", "permanent"), ("551 moved", "permanent"), ("553 bad name", "permanent"),
        ("554 5.7.1 not here", "permanent"), ("501 syntax", "permanent"), ("450 busy", "passing"), ("451 later", "passing"),
        ("452 full", "passing"), ("552 5.2.2 mailbox full", "passing"), ("530 5.7.0 sign in first", "passing"),
        ("503 bad sequence", "passing"), ("421 going down", "passing"),
    ],
)  # fmt: skip
def test_a_refused_recipient_does_not_hold_up_the_others(mail_server, answer, kind):
    """Only who is refused fails, for good or for now as the code says; the reason has the code and no address."""
    mail_server.answers["refused@example.org"] = answer
    came = sent(channel(mail_server.url), "before", "refused", "after")

    assert kinds(came) == ["sent", kind, "sent"]
    assert answer[:3] in str(came[1])
    assert "refused@" not in str(came[1])
    assert keys(mail_server) == ["<key-before@example.org>", "<key-after@example.org>"]


@pytest.mark.parametrize(
    ("answer", "kind"), [("554 5.6.0 no", "permanent"), ("451 later", "passing"), ("421 bye", "passing")]
)
def test_refused_content_fails_as_the_code_says(mail_server, answer, kind):
    """A filter's refusal is for good, a busy one's is not."""
    mail_server.data_answer = answer

    assert kinds(sent(channel(mail_server.url), "desk")) == [kind]


@pytest.mark.parametrize("answer", ["550 5.7.1 who are you", "553 not yours", "530 sign in first", "451 later"])
def test_a_refused_sender_is_nobodys_permanent_failure(mail_server, answer):
    """That our own address is refused is ours to mend: every message waits, and the reason says what is wrong."""
    mail_server.sender_answer = answer
    came = sent(channel(mail_server.url), "one", "two")

    assert kinds(came) == ["passing", "passing"]
    assert "our own address as sender" in str(came[0])
    mail_server.sender_answer = "250 OK"
    assert kinds(sent(channel(mail_server.url), "one", "two")) == ["sent", "sent"]


# ── A server that falls silent or hangs up ───────────────────────────────────────────────────────────────────────


def test_a_lost_connection_is_opened_again_for_the_next_message(mail_server):
    """One message waits for another try; the rest of the batch leaves."""
    mail_server.cut = {"cut@example.org"}
    came = sent(channel(mail_server.url), "before", "cut", "after", "last")

    assert kinds(came) == ["sent", "passing", "sent", "sent"]
    assert mail_server.connections == 2


def test_a_server_that_falls_silent_costs_one_timeout(mail_server):
    """The courier waits as long as it was told, not for ever, and goes on."""
    mail_server.hang = {"hang@example.org"}
    start = time.monotonic()
    came = sent(channel(mail_server.url, timeout=0.5), "before", "hang", "after")

    assert kinds(came) == ["sent", "passing", "sent"]
    assert 0.5 <= time.monotonic() - start < 5


def test_a_server_that_keeps_hanging_up_is_left_alone(mail_server):
    """After three connections lost in a row the rest of the batch waits: it must end before its lease does."""
    names = [f"cut{number}" for number in range(10)]
    mail_server.cut = {f"{name}@example.org" for name in names}
    came = sent(channel(mail_server.url), *names)

    assert kinds(came) == ["passing"] * 10
    assert mail_server.connections == PATIENCE


def test_a_message_taken_before_the_answer_was_lost_is_sent_again_under_the_same_id(mail_server):
    """The one repeat that can't be avoided is recognisable."""
    mail_server.cut_after_data = True
    first = sent(channel(mail_server.url), "desk")
    second = sent(channel(mail_server.url), "desk")

    assert (kinds(first), kinds(second)) == (["passing"], ["sent"])
    assert keys(mail_server) == ["<key-desk@example.org>"] * 2


@contextmanager
def rude_server(say: bytes | None) -> Iterator[int]:
    """A server that says one thing to whoever connects, then hangs up; None: it says nothing and holds the line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def answer() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                if say is None:
                    held.append(line)
                else:
                    with line:
                        line.sendall(say)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for line in held:
                line.close()


@pytest.mark.parametrize(
    "say", [None, b"", b"220 hello\r\n", b"554 go away\r\n", b"421 busy\r\n", b"HTTP/1.1 400\r\n", b"\0" * 20_000]
)
@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
def test_what_does_not_speak_smtp_is_a_passing_failure(say, scheme):
    """Whatever answers there, the batch waits in one piece and the program goes on."""
    with rude_server(say) as port:
        try:
            (why,) = sent(channel(f"{scheme}://127.0.0.1:{port}", timeout=0.5), "desk")
        except PassingFailure as at_once:
            why = at_once

    assert isinstance(why, PassingFailure)
    assert str(why).startswith("the mail server")


def test_a_server_that_is_not_there_is_a_passing_failure():
    """The reason is the system's own, without an address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(PassingFailure, match="Connection refused") as refused:
        sent(channel(f"smtp://127.0.0.1:{port}"), "desk")
    assert str(port) not in str(refused.value)


def test_a_host_that_does_not_exist_is_a_passing_failure():
    """A name server may be away like any other."""
    with pytest.raises(PassingFailure, match="can't be reached"):
        sent(channel("smtp://nowhere.invalid"), "desk")


# ── Signing in, and protected connections ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of our own making, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(secret + pem)
    (tmp_path / "trust.pem").write_bytes(pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tmp_path / "server.pem")
    return server, ssl.create_default_context(cafile=tmp_path / "trust.pem")


def knows(user: str, password: str) -> Callable[..., AuthResult]:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data == LoginPassword(user.encode(), password.encode()), handled=False)

    return check


def test_a_protected_connection_is_used_when_it_is_asked_for(mail_servers, certificate):
    """STARTTLS and TLS from the start, both with a certificate that is checked, and one connection each."""
    server, trust = certificate
    upgraded = mail_servers(tls_context=server, require_starttls=True)
    from_the_start = mail_servers(ssl_context=server)

    assert kinds(sent(channel(f"smtp+starttls://127.0.0.1:{upgraded.port}", trust=trust), "a", "b")) == ["sent", "sent"]
    assert kinds(sent(channel(f"smtps://127.0.0.1:{from_the_start.port}", trust=trust), "a", "b")) == ["sent", "sent"]
    assert (upgraded.connections, from_the_start.connections) == (1, 1)


def test_a_certificate_nobody_vouches_for_is_refused(mail_servers, certificate):
    """Without being told otherwise the channel trusts only what the system trusts; nothing is sent."""
    upgraded, from_the_start = mail_servers(tls_context=certificate[0]), mail_servers(ssl_context=certificate[0])

    for url in (f"smtp+starttls://127.0.0.1:{upgraded.port}", f"smtps://127.0.0.1:{from_the_start.port}"):
        with pytest.raises(PassingFailure, match="certificate can't be trusted"):
            sent(channel(url), "desk")
    assert upgraded.taken == from_the_start.taken == []


def test_a_certificate_of_another_host_is_refused(mail_servers, certificate):
    """A server that holds a good certificate, but not its own, gets nothing."""
    server, trust = certificate
    url = f"smtp+starttls://localhost:{mail_servers(tls_context=server).port}"

    with pytest.raises(PassingFailure, match="certificate can't be trusted"):
        sent(channel(url, trust=trust), "desk")


def test_a_server_without_starttls_gets_nothing(mail_server):
    """A connection that should be protected never falls back to one that isn't."""
    with pytest.raises(PassingFailure, match="STARTTLS"):
        sent(channel(f"smtp+starttls://127.0.0.1:{mail_server.port}"), "desk")
    assert mail_server.taken == []


def test_signs_in_with_the_user_and_password_of_the_settings(mail_servers, certificate):
    """Both are taken out of the address, where signs that mean something there are written as %XX."""
    server, trust = certificate
    guarded = mail_servers(tls_context=server, authenticator=knows("us@host", "p/ss:w@rd"), auth_required=True)
    url = f"smtp+starttls://us%40host:p%2Fss%3Aw%40rd@127.0.0.1:{guarded.port}"

    assert kinds(sent(channel(url, trust=trust), "desk")) == ["sent"]


def test_a_wrong_password_is_the_operators_to_mend(mail_servers, certificate):
    """No message fails for good by it, and the reason repeats neither user nor password."""
    server, trust = certificate
    guarded = mail_servers(tls_context=server, authenticator=knows("us", "right"), auth_required=True)

    with pytest.raises(PassingFailure, match="refuses our user or password") as refused:
        sent(channel(f"smtp+starttls://canary:canary@127.0.0.1:{guarded.port}", trust=trust), "desk")
    assert "canary" not in str(refused.value)


def test_a_sign_in_that_is_missing_is_the_operators_to_mend(mail_servers, certificate):
    """A server that wants a sign-in nobody has set up refuses us, not the desk."""
    server, trust = certificate
    guarded = mail_servers(tls_context=server, authenticator=knows("us", "right"), auth_required=True)
    came = sent(channel(f"smtp+starttls://127.0.0.1:{guarded.port}", trust=trust), "desk")

    assert kinds(came) == ["passing"]


@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.1", "localhost.example.org"])
def test_a_password_never_crosses_the_network_unprotected(host):
    """Such a setting is refused before anything starts."""
    with pytest.raises(WrongUse, match="unprotected") as refused:
        channel(f"smtp://user:canary@{host}")
    assert "canary" not in str(refused.value)


def test_a_password_may_go_to_this_machine():
    """A mail server beside us is reached without a network."""
    assert channel("smtp://user:password@127.0.0.1:25").kind == "mail"


def test_no_failure_shows_an_address_or_a_message(mail_server, caplog):
    """Reasons land in tables and logs: whatever goes wrong, neither desk nor content is in them, nor in what caused them."""
    mail_server.answers["canary@example.org"] = "550 5.1.1 <canary@example.org> unknown, said À vous"
    caplog.set_level(logging.DEBUG)
    (why,) = sent(channel(mail_server.url), "canary")
    logged = [one.getMessage() for one in caplog.records if one.name != "mail.log"]  # that one is the server's

    assert why is not None
    assert why.__suppress_context__
    assert "canary" not in f"{why!r} {why.details} {logged}"
