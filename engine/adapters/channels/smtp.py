"""Mail over SMTP: one connection for a batch, opened again when it is lost.

What the server says decides. 4xx, silence and a lost connection pass. 5xx to the recipient or the content is for good, but for
those codes that speak of our connection or of a full mailbox. 5xx to our sign-in or our own address concerns every message: it
passes, and its reason tells the operator what to mend. Reasons hold codes, never an address.

Codes: RFC 5321, section 4.2; RFC 4954, section 6.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import unquote, urlsplit

from engine.adapters.channels.mail import as_mail
from engine.application.ports import Outgoing, PassingFailure, PermanentFailure, Sender
from engine.clock import Clock
from engine.errors import WrongUse

TIMEOUT: Final = 20.0
"""Seconds that the server may take to be reached, and for each answer."""

PATIENCE: Final = 3
"""After so many connections lost in a row the rest of the batch waits: it would outlast its lease."""

NOT_THE_RECIPIENTS: Final = frozenset({500, 502, 503, 530, 552})
"""Refusals that pass: a confused connection, a sign-in that is asked for, a mailbox that is full."""

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpChannel:
    """A mail server, by address: smtp://, smtp+starttls:// or smtps://, USER:PASSWORD@HOST:PORT.

    Raises:
        WrongUse: a password would cross the network unprotected.
    """

    kind = "mail"

    def __init__(
        self,
        url: str,
        sender: tuple[str, str],
        clock: Clock,
        *,
        timeout: float = TIMEOUT,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._url, self._sender, self._clock, self._timeout = urlsplit(url), sender, clock, timeout
        self._trust = trust or ssl.create_default_context()
        if self._url.scheme == "smtp" and self._url.username and self._url.hostname not in LOCAL:
            raise WrongUse(
                "PASSERELLE_SMTP_URL would send a password unprotected: use smtp+starttls:// or smtps://",
                code="wrong_settings",
            )

    @contextmanager
    def connect(self) -> Iterator[Sender]:
        connection = _Connection(self)
        connection.open()
        try:
            yield connection
        finally:
            connection.close()

    def written(self, message: Outgoing) -> bytes:
        return as_mail(message, self._sender, self._clock.now())

    @property
    def from_address(self) -> str:
        return self._sender[1]

    def dial(self) -> smtplib.SMTP:
        """Open a connection and sign in; raises what smtplib raises."""
        scheme, host, port = self._url.scheme, self._url.hostname or "", self._url.port
        # The name we greet with is the domain of our address, not this machine's: that stands in every mail.
        name = self.from_address.rpartition("@")[2]
        server: smtplib.SMTP
        if scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port or 465, name, timeout=self._timeout, context=self._trust)
        else:
            server = smtplib.SMTP(host, port or (25 if scheme == "smtp" else 587), name, timeout=self._timeout)
        try:
            if scheme == "smtp+starttls":
                server.starttls(context=self._trust)
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


class _Connection:
    """The open connection of a batch. `_lost` counts the connections lost since the server last answered."""

    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._server: smtplib.SMTP | None = None
        self._lost = 0

    def open(self) -> smtplib.SMTP:
        try:
            self._server = self._channel.dial()
        except (smtplib.SMTPException, OSError) as why:
            self._lost += 1
            raise PassingFailure(_why_not_open(why)) from None
        return self._server

    def close(self) -> None:
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server = None

    def send(self, message: Outgoing) -> None:
        mail = self._channel.written(message)
        if self._lost >= PATIENCE:
            raise PassingFailure("the connection to the mail server was lost again and again")
        server = self._server or self.open()
        try:
            server.sendmail(self._channel.from_address, [message.address], mail)
            self._lost = 0
        except smtplib.SMTPRecipientsRefused as why:
            (code, _), *_ = why.recipients.values()
            raise self._refused(code, "the mail server refuses the recipient") from None
        except smtplib.SMTPDataError as why:
            raise self._refused(why.smtp_code, "the mail server refuses the message") from None
        except smtplib.SMTPSenderRefused as why:
            self._answered(why.smtp_code)
            raise PassingFailure(f"the mail server refuses our own address as sender ({why.smtp_code})") from None
        except (smtplib.SMTPException, OSError):
            self._drop()
            raise PassingFailure("the mail server hung up, or did not answer in time") from None

    def _refused(self, code: int, what: str) -> PassingFailure | PermanentFailure:
        self._answered(code)
        if 500 <= code < 600 and code not in NOT_THE_RECIPIENTS:
            return PermanentFailure(f"{what} ({code})")
        return PassingFailure(f"{what} for now ({code})")

    def _answered(self, code: int) -> None:
        """Go on over the same connection after an answer, unless the server ended it (421) or lost its thread."""
        if 400 <= code < 600 and code != 421 and self._server is not None and self._server.sock is not None:
            self._lost = 0
        else:
            self._drop()

    def _drop(self) -> None:
        self._lost += 1
        if self._server is not None:
            self._server.close()
            self._server = None


def _why_not_open(why: Exception) -> str:
    """Say what kept the connection from being opened, in words that help an operator and name no address."""
    match why:
        case smtplib.SMTPAuthenticationError(smtp_code=code) if code >= 500:
            return f"the mail server refuses our user or password ({code})"
        case smtplib.SMTPNotSupportedError():
            return "the mail server does not offer what the settings ask for (STARTTLS, or signing in)"
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"the mail server refuses the connection ({code})"
        case ssl.SSLCertVerificationError():
            return "the mail server's certificate can't be trusted"
        case ssl.SSLError():
            return "the mail server does not speak TLS here: wrong port, or smtps:// in place of smtp+starttls://"
        case smtplib.SMTPServerDisconnected() | TimeoutError():
            return "the mail server hung up, or did not answer in time"
        case OSError(strerror=str(said)):
            return f"the mail server can't be reached ({said})"
    return "the mail server can't be reached"
