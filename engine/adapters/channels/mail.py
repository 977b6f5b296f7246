"""A message as a mail: the same bytes for a server and for a folder."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from engine.actors.model import is_mail_address
from engine.application.ports import Outgoing, PermanentFailure

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def as_mail(message: Outgoing, sender: tuple[str, str], now: datetime) -> bytes:
    """Return the mail with CRLF line ends; `sender` is (name, address). A repeat of a message carries the same Message-ID.

    Raises:
        PermanentFailure: this can't be a mail: an address that is none, or a line break in what would be a header.
    """
    if not is_mail_address(message.address):
        raise PermanentFailure("this is not a mail address")
    if not _ID.fullmatch(message.id):
        raise PermanentFailure("this is not a message's id")
    name, address = sender
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(name, addr_spec=address)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body, cte="quoted-printable")
        mail["Content-Language"] = message.language
        if message.dates:
            mail.add_attachment(message.dates, subtype="calendar", filename="dates.ics", params={"method": "PUBLISH"})
        return mail.as_bytes()
    except ValueError:  # its words would repeat the header
        raise PermanentFailure("this can't be written as a mail") from None
