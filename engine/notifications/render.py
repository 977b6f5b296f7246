"""What a message says: nothing about the person, and no more than the desk's level allows.

    silent      a constant subject and one fixed sentence, no variable at all
    discreet    a constant subject; reference, what it is about, due date in the reader's zone, where to sign in (no link)
    full        subject with the reference; besides: step, who acted, address of the case

The words of a language are one file, sop_definitions/messages/<language>/words.yaml; a language is one folder more.
Source: the contract's table "What a message says", docs/reference/messages.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from babel.dates import format_datetime
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.clock import zone
from engine.errors import Fault
from engine.source import read
from engine.values import Level

TEMPLATES: Final = (
    "your_turn", "allowed", "for_information", "stop", "closed", "reminder", "due", "escalation", "correction",
)  # fmt: skip
FALLBACK: Final = "en"


class Words(BaseModel):
    """The words of one language; `$ref`, `$due`, `$place`, `$step`, `$acted` and `$address` are filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    silent: str
    about: dict[str, str]
    case: str
    due: str
    sign_in: str
    step: str
    acted: str
    address: str
    system: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a message is about. `step` and `acted` are titles in the reader's language; nothing in it is personal."""

    ref: str
    template: str
    due_at: datetime | None
    step: str
    acted: str


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    body: str


class Press:
    """Makes messages in every language for which there are words."""

    def __init__(self, words: Mapping[str, Words], base_url: str) -> None:
        self._words = dict(words)
        self._base_url = base_url

    @classmethod
    def read(cls, folder: Path, base_url: str) -> Press:
        """Read the words of every language in `folder`; raises Fault if a file can't be used or lacks a word."""
        found = {path.parent.name: _words(path) for path in sorted(folder.glob("*/words.yaml"))}
        if FALLBACK not in found:
            raise Fault(f"the words of messages are missing: {folder / FALLBACK / 'words.yaml'}")
        return cls(found, base_url)

    def language(self, wanted: str) -> str:
        """Return the language a message will be in: the wanted one, or English."""
        return wanted if wanted in self._words else FALLBACK

    def render(self, occasion: Occasion, level: Level, language: str, zone_name: str) -> Rendered:
        """Return subject and body; the body ends with a line break."""
        tongue = self.language(language)
        words = self._words[tongue]
        if level is Level.SILENT:
            return Rendered(words.subject, words.silent + "\n")
        lines = [Template(words.case).substitute(ref=occasion.ref), words.about[occasion.template]]
        if occasion.template == "stop":
            return Rendered(words.subject, "\n".join(lines) + "\n")
        if level is Level.FULL:
            lines.append(Template(words.step).substitute(step=occasion.step))
            lines.append(Template(words.acted).substitute(acted=occasion.acted or words.system))
        if occasion.due_at is not None:
            lines.append(Template(words.due).substitute(due=_local(occasion.due_at, tongue, zone_name)))
        if level is Level.FULL:
            lines.append(Template(words.address).substitute(address=f"{self._base_url}/cases/{occasion.ref}"))
            return Rendered(f"{words.subject} – {occasion.ref}", "\n".join(lines) + "\n")
        lines.append(Template(words.sign_in).substitute(place=_place(self._base_url)))
        return Rendered(words.subject, "\n".join(lines) + "\n")


def _place(base_url: str) -> str:
    """Write where to sign in as text that no mail program makes into a link: no scheme, dots in brackets."""
    return urlsplit(base_url).netloc.replace(".", "[.]")


def _local(instant: datetime, language: str, zone_name: str) -> str:
    where = zone(zone_name)
    return f"{format_datetime(instant.astimezone(where), 'EEEE d MMMM y, HH:mm', locale=language)} ({where.key})"


def _words(path: Path) -> Words:
    source, found = read(path.read_bytes(), str(path))
    if source is None or found:
        raise Fault(f"{path} is not well-formed", [one.message for one in found])
    try:
        words = Words.model_validate(source.value)
    except ValidationError as why:
        raise Fault(f"{path} lacks words", [".".join(map(str, one["loc"])) for one in why.errors()]) from None
    missing = [name for name in TEMPLATES if name not in words.about]
    if missing:
        raise Fault(f"{path} lacks words", [f"about.{name}" for name in missing])
    return words
