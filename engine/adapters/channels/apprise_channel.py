"""Every other channel through Apprise: a webhook, or a chat server that an organisation runs itself. Never mail.

An address there is a secret and a message is confidential, so nothing of either reaches a log; and a gateway that answers with a
redirect, or whose name leads back to this machine or to a cloud's metadata, gets nothing.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

from engine.actors.model import GATEWAYS
from engine.application.ports import Outgoing, PassingFailure, PermanentFailure, Sender

OTHER: Final = "apprise"

TIMEOUT: Final = 20.0
"""Seconds that a gateway may take to be reached, and to answer."""

WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})
"""Answers of the 400s that pass; the others say that the address is wrong or that its key no longer fits."""

_SERVICES: Final = {
    "json": ("custom_json", "NotifyJSON"),
    "matrix": ("matrix", "NotifyMatrix"),
    "mmost": ("mattermost", "NotifyMattermost"),
    "nctalk": ("nextcloudtalk", "NotifyNextcloudTalk"),
    "rocket": ("rocketchat", "NotifyRocketChat"),
    "signal": ("signal_api", "NotifySignalAPI"),
}
"""Where Apprise keeps the services whose schemes an actor may use; with an s added, the scheme is the protected one."""


class AppriseChannel:
    """Sends to an address of Apprise, such as signals://host/…

    Args:
        name: what the gateway shows as the sender; neutral.
        on_this_machine: take gateways on this machine too.
    """

    kind = OTHER

    def __init__(self, name: str, *, timeout: float = TIMEOUT, on_this_machine: bool = False) -> None:
        self._name, self._timeout, self._on_this_machine = name, timeout, on_this_machine

    @contextmanager
    def connect(self) -> Iterator[Sender]:
        _silence()
        yield self

    def send(self, message: Outgoing) -> None:
        way = self._way(message.address)
        self._look_where_it_leads(way)
        _EAR.heard.status = None
        if way.notify(body=message.body, title=message.subject, body_format="text"):
            return
        status = _EAR.heard.status
        if status is not None and 400 <= status < 500 and status not in WORTH_ANOTHER_TRY:
            raise PermanentFailure(f"the channel refuses the message ({status})")
        raise PassingFailure(f"the channel did not take the message ({status or 'no answer'})")

    def _way(self, address: str) -> Any:
        """Read the address; what it says of redirects, certificates and patience doesn't count."""
        # Imported here, and nothing but the one class that is needed: Apprise would load all of its 140 services.
        from apprise import AppriseAsset

        asset = AppriseAsset(
            storage_mode="memory", app_id=self._name, app_desc=self._name, app_url="", image_url_mask="",
            image_url_logo="", http_redirects=False,
        )  # fmt: skip
        scheme, mark, _ = address.partition("://")
        if not mark or scheme not in GATEWAYS:
            raise PermanentFailure("the address of this channel can't be read")
        module, name = _SERVICES[scheme.removesuffix("s")]
        service = getattr(import_module(f"apprise.plugins.{module}"), name)
        try:
            way = service(**(service.parse_url(address.replace("/#", "/%23")) or {}), asset=asset)
        except Exception:  # whatever it says repeats the address
            way = None
        if way is None or not way.host:
            raise PermanentFailure("the address of this channel can't be read")
        way.redirects, way.verify_certificate = False, True
        way.socket_connect_timeout = way.socket_read_timeout = self._timeout
        return way

    def _look_where_it_leads(self, way: Any) -> None:
        try:
            found = {str(one[4][0]) for one in socket.getaddrinfo(way.host, None, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError):
            raise PassingFailure("the channel's host can't be found") from None
        if not self._on_this_machine and any(_is_ours(address) for address in found):
            raise PermanentFailure("the channel leads to this machine or to no ordinary host")


def _is_ours(address: str) -> bool:
    """Tell addresses of this machine, of cloud metadata and of no host at all from ordinary ones."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved


class _Ear(logging.Handler):
    """Takes the place of every other reader of Apprise's log, and remembers a status code, nothing else, for each thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"\berror=(\d{3})\b", record.getMessage())
        if found is not None:
            self.heard.status = int(found[1])


_EAR: Final = _Ear()


def _silence() -> None:
    """Keep addresses and words of messages out of every log: Apprise's own, and that of the library it sends with."""
    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [_EAR], False
    log.setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)
