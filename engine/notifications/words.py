"""The words of messages: one file for each language, sop_definitions/messages/<language>/words.yaml; a language is one folder more.

What could tell too much is refused when the words are read, not when a message leaves: each sentence may hold its own blank and
no other, the subject and the silent sentence none at all, and nothing may look like a link. A check returns all faults of all
languages; the product does not start with words that have any.

Source: the contract's table "What a message says", docs/reference/messages.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as File
from types import MappingProxyType
from typing import Final

from babel import Locale, UnknownLocaleError

from engine.diagnostics import Diagnostic, Place, did_you_mean, in_order
from engine.errors import Fault
from engine.source import Marks, Plain, read
from engine.values import LANGUAGES

TEMPLATES: Final = (
    "your_turn", "allowed", "for_information", "taken_up", "stop", "closed", "reminder", "due", "escalation", "correction",
    "undelivered", "late", "foreseen",
)  # fmt: skip
"""What a message can be about; the decision names one of these."""

FALLBACK: Final = "en"

BLANKS: Final[Mapping[str, str]] = MappingProxyType({
    "subject": "", "silent": "", "case": "ref", "due": "due", "sign_in": "place", "step": "step", "acted": "acted",
    "address": "address", "system": "", "several": "", "in_place": "",
    "standstill": "since", "date": "",
})  # fmt: skip
"""Each sentence and the one blank it must have, written `$ref`; empty: it may have none."""

CODES: Final = {
    "MSG100": "a language has no words, or its file can't be opened",
    "MSG101": "a sentence that no message uses",
    "MSG102": "a sentence is missing",
    "MSG103": "a sentence is not one line of text",
    "MSG104": "a sentence lacks its blank, or has one that would tell too much",
    "MSG105": "something that looks like a link, or markup: our messages never hold any",
    "MSG106": "a folder that is not named by a language",
}

_BLANK: Final = re.compile(r"\$+\{?([a-z_]*)\}?", re.IGNORECASE)
_LINK: Final = re.compile(r"https?|://|www\.|[<>]|\w@\w|\w\.(?:com|net|org|eu|int|info)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language: `sentences` by the keys of BLANKS, `about` by template."""

    sentences: Mapping[str, str]
    about: Mapping[str, str]


def read_words(folder: File) -> dict[str, Words]:
    """Return the words of every language; raises Fault, with all that is wrong, if one can't be used."""
    found = {file.name: _read(file / "words.yaml") for file in _languages(folder)}
    faults = [*_absent(folder, found), *(fault for _, faults in found.values() for fault in faults)]
    if faults:
        said = [f"{one.place.file}:{one.place.line}: {one.message}" for one in in_order(faults)]
        raise Fault("the words of messages can't be used", said)
    return {language: words for language, (words, _) in found.items()}


def check_words(folder: File) -> list[Diagnostic]:
    """Return all that is wrong with the words of all languages."""
    languages = _languages(folder)
    found = [fault for one in languages for fault in _read(one / "words.yaml")[1]]
    return in_order([*found, *_absent(folder, [one.name for one in languages])])


def _languages(folder: File) -> list[File]:
    return sorted(one for one in folder.glob("*") if one.is_dir())


def _absent(folder: File, there: Iterable[str]) -> list[Diagnostic]:
    """Languages that every message must have (engine.values)."""
    return [
        Diagnostic("MSG100", f'there are no words for the language "{language}"', Place(str(folder / language)))
        for language in sorted(set(LANGUAGES) - set(there))
    ]


def _read(file: File) -> tuple[Words, list[Diagnostic]]:
    """Read one language; its words are whole only where there are no faults."""
    nothing, name = Words({}, {}), str(file)
    try:
        Locale.parse(file.parent.name, sep="-")
    except (UnknownLocaleError, ValueError):
        return nothing, [Diagnostic("MSG106", f'"{file.parent.name}" is not a language', Place(name), "en, fr, ar-MA")]
    try:
        text = file.read_bytes()
    except OSError as why:
        return nothing, [Diagnostic("MSG100", f"the words can't be opened: {why.strerror}", Place(name))]
    source, found = read(text, name)
    if source is None or found:
        return nothing, found
    tree = source.value if isinstance(source.value, dict) else {}
    about = tree.get("about")
    faults = [
        *_strangers(tree, [*BLANKS, "about"], (), source.marks),
        *_strangers(about, TEMPLATES, ("about",), source.marks),
    ]
    words = Words(
        dict(_taken(tree, BLANKS, (), source.marks, faults)),
        dict(_taken(about, dict.fromkeys(TEMPLATES, ""), ("about",), source.marks, faults)),
    )
    return words, faults


def _strangers(tree: Plain, known: Iterable[str], at: tuple[str, ...], marks: Marks) -> list[Diagnostic]:
    names = list(known)
    strange = [key for key in tree if key not in names] if isinstance(tree, dict) else []
    return [
        Diagnostic("MSG101", f'no message uses "{key}"', marks.key((*at, key)), did_you_mean(key, names, "keys"))
        for key in strange
    ]


def _taken(
    tree: Plain, blanks: Mapping[str, str], at: tuple[str, ...], marks: Marks, faults: list[Diagnostic]
) -> Iterator[tuple[str, str]]:
    """Yield each sentence that is there; note those that are missing or can't be used."""
    for key, blank in blanks.items():
        path = (*at, key)
        said = tree.get(key) if isinstance(tree, dict) else None
        if said is None:
            faults.append(Diagnostic("MSG102", f'the sentence "{".".join(path)}" is missing', marks.key(path)))
        elif not isinstance(said, str) or not said.isprintable() or not said.strip():
            faults.append(Diagnostic("MSG103", f'"{key}" must be one line of text', marks.value(path)))
        else:
            faults.extend(_wrong(said, blank, marks.value(path)))
            yield key, said


def _wrong(said: str, blank: str, place: Place) -> Iterator[Diagnostic]:
    has = [found[0] for found in _BLANK.finditer(said)]
    if has != ([f"${blank}"] if blank else []):
        wanted = f"this sentence has the blank ${blank}, once" if blank else "this sentence has no blanks"
        yield Diagnostic("MSG104", wanted, place, f"found: {', '.join(has)}" if has else "")
    if _LINK.search(said):
        yield Diagnostic("MSG105", "this looks like a link, an address or markup", place, "say it in words")
