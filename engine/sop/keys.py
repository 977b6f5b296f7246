"""Every key of the language, by the mapping it stands in: what it is for, what it may hold, and an example.

Read off the models, so that the JSON Schema that editors show and docs/reference/keys.md say the same as what the reader takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.forms.model import Definition, Form
from engine.sop.examples import EXAMPLES
from engine.sop.layer import Layer
from engine.sop.model import Sop
from engine.sop.shared import SharedSafeguards
from engine.source import Plain, read

TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping; `words` are those that it takes, where they are few; `holds` the models that stand below it."""

    name: str
    description: str
    written: str
    required: bool
    title: str
    words: tuple[str, ...]
    holds: tuple[type[BaseModel], ...]

    @property
    def example(self) -> Any:
        """Return the example as values."""
        source, _ = read(f"{self.name}: {self.written}", self.name)
        assert source is not None
        assert isinstance(source.value, dict)
        return _typed(source.value[self.name])


def keys_of(model: type[BaseModel], examples: Mapping[str, Mapping[str, str]] = EXAMPLES) -> Iterator[Key]:
    """Yield the keys of a model, in order; `examples` by model and key."""
    for name, field in model.model_fields.items():
        written = field.alias or name
        yield Key(
            name=written,
            description=field.description or "",
            written=next(found for one in model.__mro__ if (found := examples.get(one.__name__, {}).get(written))),
            required=field.is_required(),
            title=f"{written.replace('_', ' ')} ({named(model)})",
            words=tuple(dict.fromkeys(_words(field.annotation))),
            holds=tuple(dict.fromkeys(_models(field.annotation))),
        )


def models_in(root: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a model and all that can stand in it, each once, in the order in which a reader meets them."""
    found: dict[type[BaseModel], None] = {}
    waiting = [root]
    while waiting:
        model = waiting.pop(0)
        if model not in found:
            found[model] = None
            waiting += [inner for key in _fields(model) for inner in _models(key.annotation)]
    return list(found)


def named(model: type[BaseModel]) -> str:
    """Return what a mapping is called in sentences: `DeadlineRule` is a deadline rule."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower().replace("sop", "procedure")


def _fields(model: type[BaseModel]) -> list[FieldInfo]:
    return list(model.model_fields.values())


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, Definition):
        yield kind
    for inner in get_args(kind):
        yield from _models(inner)


def _words(kind: Any) -> Iterator[str]:
    """Yield the words of a choice; a list or mapping of choices has none of its own."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        yield from kind
    elif kind is bool:
        yield from TRUTH
    elif get_origin(kind) is Literal:
        yield from get_args(kind)
    elif get_origin(kind) is Annotated:
        yield from _words(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for inner in get_args(kind):
            yield from _words(inner)


def _typed(value: Plain) -> Any:
    """Return values as an editor reads them: numbers and truth values are no texts there."""
    match value:
        case dict():
            return {key: _typed(inner) for key, inner in value.items()}
        case list():
            return [_typed(inner) for inner in value]
        case str() if value in TRUTH:
            return TRUTH[value]
        case str() if re.fullmatch(r"\d{1,9}", value):
            return int(value)
    return value


def reference() -> str:
    """Return docs/reference/keys.md."""
    models = dict.fromkeys(model for root in (Sop, Layer, Form, SharedSafeguards) for model in models_in(root))
    return "\n".join([_HEAD, *(line for model in models for line in _section(model))])


_HEAD = """\
# The keys of procedures, forms and shared safeguards

Each mapping of the language with its keys, from the file's top downwards. How they work together is in sop-language.md. An editor
with yaml-language-server shows the same beside what you write (docs/howto/write-with-help.md). **Bold** keys must be there.

<!-- made by `python -m engine.sop.keys > docs/reference/keys.md`; a test compares -->
"""


def _section(model: type[BaseModel]) -> Iterator[str]:
    said = (model.__doc__ or "").strip().splitlines()[0]
    yield f"## {named(model).capitalize()}\n\n{said}\n\n| key | what it is | example |\n|---|---|---|"
    for key in keys_of(model):
        name = f"**`{key.name}`**" if key.required else f"`{key.name}`"
        words = (
            f" ({', '.join(key.words)})" if key.words and not any(word in key.description for word in key.words) else ""
        )
        yield f"| {name} | {key.description}{words}{_below(key)} | `{key.written}` |"
    yield ""


def _below(key: Key) -> str:
    """Point to what stands below a key; requirements are many, so the first stands for all."""
    links = [f"[{named(one)}](#{named(one).replace(' ', '-')})" for one in key.holds]
    if len(links) > 3:
        return f" → {links[0]} and those that follow it"
    return f" → {' or '.join(links)}" if links else ""


if __name__ == "__main__":
    print(reference(), end="")
