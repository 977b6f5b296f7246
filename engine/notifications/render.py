"""What a message says: nothing about the person, and no more than the desk's level allows.

    silent      a constant subject and one fixed sentence, no variable at all
    discreet    a constant subject; reference, what it is about, due date in the reader's zone, where to sign in (no link)
    full        subject with the reference; besides: step, who acted, address of the case

Source: the contract's table "What a message says", docs/reference/messages.md. The words: `engine.notifications.words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from babel.dates import format_datetime

from engine.clock import zone
from engine.notifications.words import FALLBACK, Words, read_words
from engine.values import Level


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
        return cls(read_words(folder), base_url)

    def language(self, wanted: str) -> str:
        """Return the language a message will be in: the wanted one, or English."""
        return wanted if wanted in self._words else FALLBACK

    def render(self, occasion: Occasion, level: Level, language: str, zone_name: str) -> Rendered:
        """Return subject and body; the body ends with a line break."""
        tongue = self.language(language)
        words = self._words[tongue]
        subject = words.sentences["subject"]
        if level is Level.SILENT:
            return Rendered(subject, words.sentences["silent"] + "\n")

        def said(sentence: str, **blank: str) -> str:
            return Template(words.sentences[sentence]).substitute(blank)

        lines = [said("case", ref=occasion.ref), words.about[occasion.template]]
        if occasion.template != "stop":  # one fixed sentence, without reasons
            full = level is Level.FULL
            if full:
                lines.append(said("step", step=_one_line(occasion.step)))
                lines.append(said("acted", acted=_one_line(occasion.acted) or words.sentences["system"]))
                subject = f"{subject} – {occasion.ref}"
            if occasion.due_at is not None:
                lines.append(said("due", due=_local(occasion.due_at, tongue, zone_name)))
            address = f"{self._base_url}/cases/{occasion.ref}"
            lines.append(said("address", address=address) if full else said("sign_in", place=_place(self._base_url)))
        return Rendered(subject, "\n".join(lines) + "\n")


def _one_line(title: str) -> str:
    """Make one line of a title: a designer's text can't begin a line of its own, nor turn the reading order round."""
    return "".join(character for character in " ".join(title.split()) if character.isprintable())


def _place(base_url: str) -> str:
    """Write where to sign in as text that no mail program makes into a link: no scheme, dots in brackets."""
    return urlsplit(base_url).netloc.replace(".", "[.]")


def _local(instant: datetime, language: str, zone_name: str) -> str:
    where, locale = zone(zone_name), language.replace("-", "_")
    return f"{format_datetime(instant.astimezone(where), 'EEEE d MMMM y, HH:mm', locale=locale)} ({where.key})"
