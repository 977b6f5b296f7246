"""What a message says: nothing about the person, and no more than the desk's level allows.

    silent      a constant subject and one fixed sentence, no variable at all
    discreet    a constant subject; reference, what it is about, due date in the reader's zone, where to sign in (no link)
    full        subject with the reference; besides: step, who acted, address of the case

Source: the contract's table "What a message says", docs/reference/messages.md. The words: `engine.notifications.words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

    def render(
        self, occasions: Sequence[Occasion], level: Level, language: str, zone_name: str, *, in_place: bool = False
    ) -> Rendered:
        """Return subject and body of a letter about one occasion or several; the body ends with a line break.

        `in_place`: the reader is the deputy of somebody who is absent.
        """
        tongue = self.language(language)
        words = self._words[tongue]
        subject = words.sentences["subject"]
        if level is Level.SILENT:
            return Rendered(subject, words.sentences["silent"] + "\n")
        full = level is Level.FULL
        parts = ["\n".join(self._told(one, words, full, tongue, zone_name)) for one in occasions]
        if len(parts) > 1:
            parts.insert(0, words.sentences["several"])
        elif full and occasions[0].template != "stop":
            subject = f"{subject} – {occasions[0].ref}"
        last = []
        if not full and any(one.template != "stop" for one in occasions):
            last.append(_said(words, "sign_in", place=_place(self._base_url)))
        if in_place:
            last.append(words.sentences["in_place"])
        separator = "\n" if len(occasions) == 1 else "\n\n"
        return Rendered(subject, separator.join([*parts, *(["\n".join(last)] if last else [])]) + "\n")

    def title_of_a_date(self, language: str) -> str:
        """Return the constant title of every entry in a reader's calendar."""
        return self._words[self.language(language)].sentences["date"]

    def standstill(self, since: datetime) -> Rendered:
        """Return what an operator is told when nobody takes what is due; of no case, in English, in UTC."""
        words = self._words[FALLBACK]
        said = _said(words, "standstill", since=_local(since, FALLBACK, "UTC"))
        return Rendered(words.sentences["subject"], said + "\n")

    def _told(self, occasion: Occasion, words: Words, full: bool, tongue: str, zone_name: str) -> Iterator[str]:
        """Yield the lines about one occasion."""
        yield _said(words, "case", ref=occasion.ref)
        yield words.about[occasion.template]
        if occasion.template == "stop":  # one fixed sentence, without reasons
            return
        if full:
            yield _said(words, "step", step=_one_line(occasion.step))
            yield _said(words, "acted", acted=_one_line(occasion.acted) or words.sentences["system"])
        if occasion.due_at is not None:
            yield _said(words, "due", due=_local(occasion.due_at, tongue, zone_name))
        if full:
            yield _said(words, "address", address=f"{self._base_url}/cases/{occasion.ref}")


def _said(words: Words, sentence: str, **blank: str) -> str:
    return Template(words.sentences[sentence]).substitute(blank)


def _one_line(title: str) -> str:
    """Make one line of a title: a designer's text can't begin a line of its own, nor turn the reading order round."""
    return "".join(character for character in " ".join(title.split()) if character.isprintable())


def _place(base_url: str) -> str:
    """Write where to sign in as text that no mail program makes into a link: no scheme, dots in brackets."""
    return urlsplit(base_url).netloc.replace(".", "[.]")


def _local(instant: datetime, language: str, zone_name: str) -> str:
    where, locale = zone(zone_name), language.replace("-", "_")
    return f"{format_datetime(instant.astimezone(where), 'EEEE d MMMM y, HH:mm', locale=locale)} ({where.key})"
