"""The texts of a definition in each language that every one must have: titles, notes, helps, choices, purposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from engine.diagnostics import Diagnostic, Severity
from engine.source import Marks, Path
from engine.values import LANGUAGES, Text

_TEXTS: Final = frozenset({"title", "note", "help"})
_TEXTS_BY_NAME: Final = frozenset({"choices", "purposes"})
_TEXTS_LISTED: Final = frozenset({"undecidable"})


def untranslated(model: BaseModel, marks: Marks) -> Iterator[Diagnostic]:
    """Give a warning for each text without words in one of the languages."""
    for path, text in _texts(model, ()):
        missing = [language for language in LANGUAGES if not text.get(language, "").strip()]
        if missing:
            message = f"no words in {', '.join(missing)} for {'.'.join(map(str, path))}"
            hint = "add the translation: nobody should be told in a language they do not read"
            yield Diagnostic("SOP306", message, marks.value(path), hint, Severity.WARNING)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Text]]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            held, here = getattr(value, name), (*path, field.alias or name)
            if name in _TEXTS and isinstance(held, Mapping):
                yield here, dict(held)
            elif name in _TEXTS_BY_NAME and isinstance(held, Mapping):
                yield from (((*here, key), text) for key, text in held.items())
            elif name in _TEXTS_LISTED and isinstance(held, tuple):
                yield from (((*here, number), text) for number, text in enumerate(held))
            else:
                yield from _texts(held, here)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from _texts(held, (*path, key))
    elif isinstance(value, tuple):
        for number, held in enumerate(value):
            yield from _texts(held, (*path, number))
