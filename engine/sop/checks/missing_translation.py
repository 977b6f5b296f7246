"""SOP306: a title without one of the languages that every procedure has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.diagnostics import Diagnostic, Place, Severity
from engine.sop.checks.base import Check
from engine.sop.load import SopFile
from engine.source import Node
from engine.values import LANGUAGES

_TAGS: Final = frozenset({"en", "fr", "sq", "ar", "uk", "it", "es", "el", "pl", "ru", "pt", "de"})


def _run(file: SopFile) -> Iterator[Diagnostic]:
    yield from _walk(file.marks.root, ())


def _walk(node: Node, path: tuple[str | int, ...]) -> Iterator[Diagnostic]:
    """Find mappings of languages by their keys: titles, notes, helps, choices."""
    if isinstance(node.value, dict):
        if node.value and set(node.value) <= _TAGS and path[-1:] != ("where",):
            missing = [language for language in LANGUAGES if language not in node.value]
            if missing:
                message = f"no words in {', '.join(missing)} for {'.'.join(map(str, path))}"
                hint = "add the translation: nobody should be told in a language they do not read"
                yield Diagnostic("SOP306", message, Place(*node.spot), hint, Severity.WARNING)
        else:
            for key, child in node.value.items():
                yield from _walk(child, (*path, key))
    elif isinstance(node.value, list):
        for number, child in enumerate(node.value):
            yield from _walk(child, (*path, number))


CHECK = Check(
    code="SOP306",
    title="A missing translation",
    reason="Somebody would be asked or told in a language they do not read.",
    severity=Severity.WARNING,
    bad="""\
steps:
  counselling:
    title: {en: Counselling}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
