"""A procedure as one canonical text: what is hashed, stored with its version and compiled again.

The text is JSON of the merged SOP and of the forms it speaks of. Keys of the language are sorted and left out where they say
what would hold anyway; names that a designer chose keep their order, for fields are asked and steps drawn in it. So the same
procedure has the same content hash, whatever its comments and line breaks. Terms: docs/glossary.md, "version".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from engine.forms.model import Form
from engine.sop.mentions import Sort, mentions
from engine.sop.model import Sop
from engine.sop.outline import outline_of
from engine.values import Duration

_WORDS: Final = frozenset({"title", "note", "help", "guidance", "basis", "code", "takes", "chance", "due", "foresee"})
"""Keys that people and rehearsals read, and no decision: a deadline that passes is told, and opens or closes nothing."""

_NAMES: Final = frozenset({"sop", "version", "destination", "origin", "not_confirmed"})
"""Keys of a procedure that say which one it is, and where."""


def canonical(sop: Sop, forms: Mapping[str, Form]) -> str:
    """Return the canonical text of a checked SOP with the forms it uses."""
    content = {"forms": {name: _written(forms[name]) for name in used_forms(sop)}, "sop": _written(sop)}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def content_hash(text: str) -> str:
    """Return the SHA-256 of a canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def behaviour(sop: Sop, forms: Mapping[str, Form]) -> str:
    """Return what decides of a checked SOP: two of one behaviour differ in words, countries and deadlines of steps alone.

    Variants often do. A safeguard's id is a word too; the order of the safeguards is part of the behaviour.
    """
    safeguards = [_written(one, _WORDS | {"id"}) for one in sop.safeguards]
    rest = _written(sop, _WORDS | _NAMES | {"safeguards"})
    used = {name: _written(forms[name], _WORDS) for name in used_forms(sop)}
    return json.dumps([rest, safeguards, used], ensure_ascii=False, separators=(",", ":"))


def from_canonical(text: str) -> tuple[Sop, dict[str, Form]]:
    """Read a canonical text back: the same SOP, and the forms it uses."""
    content = json.loads(text)
    forms = {name: Form.model_validate(form) for name, form in content["forms"].items()}
    return Sop.model_validate(content["sop"]), forms


def used_forms(sop: Sop) -> list[str]:
    """Return the ids of the forms that a procedure speaks of, safeguards included, sorted."""
    named = (mention.word for mention in mentions(outline_of(sop)) if mention.sort is Sort.FORM)
    return sorted({name.partition(".")[0] for name in named})


def _written(value: Any, left_out: frozenset[str] = frozenset()) -> Any:
    if isinstance(value, BaseModel):
        said = {
            field.alias or name: getattr(value, name)
            for name, field in type(value).model_fields.items()
            if name not in left_out and getattr(value, name) != field.get_default(call_default_factory=True)
        }
        return {key: _written(said[key], left_out) for key in sorted(said)}
    if isinstance(value, Mapping):
        return {name: _written(one, left_out) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_written(one, left_out) for one in value]
    return str(value) if isinstance(value, Duration) else value
