"""Ways to reach people: mail over SMTP or into a folder, everything else through Apprise."""

from __future__ import annotations

from engine.adapters.channels.apprise_channel import OTHER, AppriseChannel
from engine.adapters.channels.folder import FolderChannel
from engine.adapters.channels.smtp import SmtpChannel
from engine.application.ports import Channel
from engine.clock import Clock
from engine.settings import Settings

__all__ = ["AppriseChannel", "FolderChannel", "SmtpChannel", "channels_from"]


def channels_from(settings: Settings, clock: Clock | None = None) -> dict[str, Channel]:
    """Return the channels that the settings set up, by kind; without a mail server there is none for mail.

    Args:
        clock: dates the mails; in place of the settings' clock.
    Raises:
        WrongUse: a password would cross the network unprotected.
    """
    now = clock or settings.clock()
    channels: dict[str, Channel] = {OTHER: AppriseChannel(settings.sender_name)}
    sender = (settings.sender_name, settings.sender_address)
    if settings.mail_folder is not None:
        channels["mail"] = FolderChannel(settings.mail_folder, sender, now)
    elif settings.smtp_url is not None:
        channels["mail"] = SmtpChannel(settings.smtp_url.get_secret_value(), sender, now)
    return channels
