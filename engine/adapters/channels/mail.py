"""A message as a mail: the same for a server and for a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from engine.application.ports import Outgoing


def as_mail(message: Outgoing, sender: tuple[str, str]) -> EmailMessage:
    """Build the mail; `sender` is (name, address). A repeat of the same message carries the same Message-ID.

    The policy refuses line breaks in headers, so nothing can be slipped into them.
    """
    name, address = sender
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = Address(addr_spec=message.address)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, cte="quoted-printable")
    mail["Content-Language"] = message.language
    return mail
