"""Mail over SMTP: one connection for a batch, opened again when it is lost.

What the server says decides: 4xx, a timeout or a lost connection pass; 5xx on the recipient or on the content is for good; 5xx on
signing in or on our sender's address concerns everybody, passes, and needs the operator. Reasons hold codes, never addresses.
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

TIMEOUT: Final = 20.0
"""Seconds that the server may take for one answer."""


class SmtpChannel:
    """A mail server, by address: smtp://, smtp+starttls:// or smtps://, USER:PASSWORD@HOST:PORT."""

    kind = "mail"

    def __init__(
        self, url: str, sender: tuple[str, str], timeout: float = TIMEOUT, trust: ssl.SSLContext | None = None
    ) -> None:
        self._url, self._sender, self._timeout = urlsplit(url), sender, timeout
        self._trust = trust or ssl.create_default_context()

    @contextmanager
    def connect(self) -> Iterator[Sender]:
        connection = _Connection(self)
        connection.open()
        try:
            yield connection
        finally:
            connection.close()

    @property
    def sender(self) -> tuple[str, str]:
        return self._sender

    def dial(self) -> smtplib.SMTP:
        """Open a connection and sign in; raises what smtplib raises."""
        scheme, host = self._url.scheme, self._url.hostname or ""
        server: smtplib.SMTP
        if scheme == "smtps":
            server = smtplib.SMTP_SSL(host, self._url.port or 465, timeout=self._timeout, context=self._trust)
        else:
            server = smtplib.SMTP(
                host, self._url.port or (587 if scheme.endswith("starttls") else 25), timeout=self._timeout
            )
        try:
            if scheme.endswith("starttls"):
                server.starttls(context=self._trust)
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
        except BaseException:
            server.close()
            raise
        return server


class _Connection:
    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._server: smtplib.SMTP | None = None

    def open(self) -> smtplib.SMTP:
        try:
            self._server = self._channel.dial()
        except smtplib.SMTPAuthenticationError as why:
            raise PassingFailure(f"the mail server refuses our user or password ({why.smtp_code})") from None
        except smtplib.SMTPNotSupportedError:
            raise PassingFailure(
                "the mail server lacks a feature that the settings ask for (STARTTLS or sign-in)"
            ) from None
        except smtplib.SMTPException as why:
            raise PassingFailure(f"the mail server refuses the connection ({_code(why)})") from None
        except ssl.SSLError:
            raise PassingFailure("the mail server's certificate can't be trusted") from None
        except OSError as why:
            raise PassingFailure(f"the mail server can't be reached ({why.strerror or type(why).__name__})") from None
        return self._server

    def close(self) -> None:
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._server = None

    def send(self, message: Outgoing) -> None:
        mail = as_mail(message, self._channel.sender)
        server = self._server or self.open()
        try:
            server.send_message(mail, self._channel.sender[1], [message.address])
        except smtplib.SMTPRecipientsRefused as why:
            code = next(iter(why.recipients.values()))[0]
            raise _failure(code, "the mail server refuses the recipient") from None
        except smtplib.SMTPSenderRefused as why:
            raise PassingFailure(f"the mail server refuses our sender's address ({why.smtp_code})") from None
        except smtplib.SMTPDataError as why:
            raise _failure(why.smtp_code, "the mail server refuses the message") from None
        except (smtplib.SMTPException, OSError) as why:
            self._drop()
            raise PassingFailure(f"the connection to the mail server was lost ({_code(why)})") from None

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def _failure(code: int, what: str) -> PassingFailure | PermanentFailure:
    return PermanentFailure(f"{what} ({code})") if 500 <= code < 600 else PassingFailure(f"{what} for now ({code})")


def _code(why: Exception) -> str:
    return str(getattr(why, "smtp_code", None) or type(why).__name__)
