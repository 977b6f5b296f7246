"""A cause in words for people who don't program, at the place of its value (or of its key, where the key is wrong)."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from engine.diagnostics import Diagnostic, did_you_mean, nearest
from engine.forms.model import NAME
from engine.sop.causes import Cause, at
from engine.sop.model import REQUIREMENT_KINDS
from engine.source import MAX_FAULTS, Marks, Path, Plain, shortened
from engine.values import Duration, Unit

_NOUNS: Final = {
    "steps": "step", "actions": "action", "everywhere": "action", "strands": "strand", "alongside": "strand",
    "roles": "role", "facts": "fact", "fields": "field", "parts": "part", "series": "series", "choices": "choice",
    "lists": "list", "purposes": "purpose",
}  # fmt: skip


_EXAMPLES: Final = {
    f"^{NAME}$": "small letters, digits and underscores, a letter first",
    rf"^{NAME}(\.{NAME})?$": "a form, or a form and its part: risk_matrix or risk_matrix.joint",
    rf"^{NAME}(\.{NAME}){{1,2}}$": "a form and its field: application.wish or risk_matrix.joint.decision",
    "^[A-Z]{2}$": "a country is two capital letters: FR, AL",
    r"^[a-z][a-z0-9-]{0,63}$": "small letters, digits and dashes, a letter first",
    r"^[a-z][a-z0-9-]{0,79}$": "small letters, digits and dashes, a letter first",
    r"^[a-z][a-z0-9-]{0,159}$": "small letters, digits and dashes, a letter first",
    r"^[a-z0-9][a-z0-9_-]{0,63}$": "a desk's id or a role: fr-case-manager, case_manager",
}


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model as a designer writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def models_at(annotation: Any, tree: Any, path: Path) -> list[type[BaseModel]]:
    """Return the models that the value at `path` could be, given the annotation of the whole."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return models_at(get_args(annotation)[0], tree, path)
    if origin in (Union, types.UnionType):
        found = [model for member in get_args(annotation) for model in models_at(member, tree, path)]
        return _likeliest(found, tree) if not path else found
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not path:
            return [annotation]
        for name, field in annotation.model_fields.items():
            if path[0] == (field.alias or name):
                return models_at(field.annotation, at(tree, path[:1]), path[1:])
        return []
    if path and origin in (tuple, dict):
        member = get_args(annotation)[0 if origin is tuple else 1]
        if origin is tuple and not isinstance(path[0], int):
            return models_at(member, tree, path)
        return models_at(member, at(tree, path[:1]), path[1:])
    return []


def _likeliest(models: list[type[BaseModel]], tree: Any) -> list[type[BaseModel]]:
    """Among the kinds of a union, keep those that the written keys speak for."""
    if not isinstance(tree, dict) or len(models) < 2:
        return models
    kind = next((kind for kind in REQUIREMENT_KINDS if kind in tree), None)
    if kind is not None and all(len(model.model_fields) and _first_kind(model) for model in models):
        return [model for model in models if _first_kind(model) == kind]
    most = max(len(tree.keys() & set(keys_of(model))) for model in models)
    return [model for model in models if len(tree.keys() & set(keys_of(model))) == most]


def _first_kind(model: type[BaseModel]) -> str:
    first = next(iter(model.model_fields))
    return first if first in REQUIREMENT_KINDS and model.__name__.endswith("Requirement") else ""


# ── In words ─────────────────────────────────────────────────────────────────────────────────────────────────────


def told(model: type[BaseModel], causes: Iterable[Cause], tree: Plain, marks: Marks) -> Iterator[Diagnostic]:
    causes = list(causes)
    unknown: dict[Path, list[str]] = {}
    missing: dict[Path, list[str]] = {}
    for cause in causes:
        if cause.kind == "extra_forbidden":
            unknown.setdefault(cause.path[:-1], []).append(str(cause.path[-1]))
        elif cause.kind == "missing":
            missing.setdefault(cause.path[:-1], []).append(str(cause.path[-1]))
    for count, cause in enumerate(causes):
        if count > MAX_FAULTS:  # beyond this nobody reads; only their number counts
            yield Diagnostic("SOP103", "", marks.value(cause.path))
        elif cause.kind == "extra_forbidden":
            yield _unknown_key(model, cause, missing.get(cause.path[:-1], ()), tree, marks)
        elif cause.kind == "missing":
            key = str(cause.path[-1])
            beside = unknown.get(cause.path[:-1], ())
            if not any(_meant(other, (key,)) for other in beside):
                yield _missing_key(model, cause, tree, marks)
        elif cause.kind == "requirement_kind":
            yield _no_requirement(cause, marks)
        else:
            yield _wrong_value(model, cause, tree, marks)


def _meant(word: str, known: Sequence[str]) -> str | None:
    """Return the key that was meant: the nearest, or the one that the word begins with ("to:closed" without a space)."""
    head = word.partition(":")[0]
    return head if head != word and head in known else nearest(word, known)


def _unknown_key(model: type[BaseModel], cause: Cause, missing: Sequence[str], tree: Plain, marks: Marks) -> Diagnostic:
    word, holder = str(cause.path[-1]), cause.path[:-1]
    known = [key for one in models_at(model, tree, holder) for key in keys_of(one)]
    beside = at(tree, holder)
    message = f'unknown key "{shortened(word)}" in {described(holder, tree)}'
    if ":" in word and word.partition(":")[0] in known:
        key, _, value = word.partition(":")
        hint = f'a space is missing after the colon: "{key}: {value}"'
    elif word == "remove":
        hint = "`remove: true` stands alone, and only in a procedure that extends another"
    elif word == "extends":
        hint = "`extends` stands at the top of a procedure"
    else:
        likely = [key for key in missing if nearest(word, [key])] or _absent(known, beside)
        hint = did_you_mean(shortened(word), likely if nearest(word, likely) else known, "keys") if known else ""
        if nearest(word, likely):
            hint = f'did you mean "{nearest(word, likely)}"? keys: {_listed(known)}'
    return Diagnostic("SOP101", message, marks.key(cause.path), hint)


def _absent(known: Sequence[str], beside: Any) -> list[str]:
    return [key for key in known if not (isinstance(beside, dict) and key in beside)]


def _listed(words: Iterable[str]) -> str:
    names = list(dict.fromkeys(words))
    return ", ".join(names[:24]) + (", …" if len(names) > 24 else "")


def _missing_key(model: type[BaseModel], cause: Cause, tree: Plain, marks: Marks) -> Diagnostic:
    key, holder = str(cause.path[-1]), cause.path[:-1]
    what = next(
        (field.description for one in models_at(model, tree, holder) for name, field in one.model_fields.items()
         if (field.alias or name) == key and field.description), None,
    )  # fmt: skip
    message = f'"{key}" is missing in {described(holder, tree)}'
    hint = f'add "{key}: …"' + (f" ({what[0].lower()}{what[1:]})" if what else "")
    near = _namesake(holder, tree)
    if near:
        hint = f'did you mean "{near}"? else {hint}'
    return Diagnostic("SOP102", message, marks.key(holder), hint)


def _namesake(path: Path, tree: Plain) -> str | None:
    """Return the name beside this one that was perhaps meant: what a variant or a layer says anew is misspelt easily."""
    beside = at(tree, path[:-1]) if len(path) > 1 and path[-2] in _NOUNS else None
    return nearest(str(path[-1]), [one for one in beside if one != path[-1]]) if isinstance(beside, dict) else None


def _no_requirement(cause: Cause, marks: Marks) -> Diagnostic:
    kinds = "a requirement is one of: " + ", ".join(REQUIREMENT_KINDS)
    if not isinstance(cause.value, dict):
        word = f'"{shortened(str(cause.value))}"' if isinstance(cause.value, str) else "this"
        return Diagnostic(
            "SOP105", f"{word} is not a requirement", marks.value(cause.path), f"write {{form: …}}; {kinds}"
        )
    for key in cause.value:
        near = _meant(key, REQUIREMENT_KINDS)
        if near:
            hint = f'did you mean "{near}"? {kinds}'
            return Diagnostic(
                "SOP105", f'"{shortened(key)}" is no kind of requirement', marks.key((*cause.path, key)), hint
            )
    first = next(iter(cause.value), None)
    at = marks.key((*cause.path, first)) if first is not None else marks.value(cause.path)
    message = "this requirement is empty" if first is None else f'"{shortened(first)}" is no kind of requirement'
    return Diagnostic("SOP105", message, at, kinds)


_PLAIN_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "int_parsing": ("must be a whole number", ""),
    "int_type": ("must be a whole number", ""),
    "int_from_float": ("must be a whole number", ""),
    "int_parsing_size": ("is too large a number", ""),
    "float_parsing": ("must be a number", ""),
    "float_type": ("must be a number", ""),
    "finite_number": ("must be a number", ""),
    "bool_parsing": ("must be true or false", ""),
    "bool_type": ("must be true or false", ""),
    "string_type": ("must be one text", ""),
    "dict_type": ("must be a mapping of keys and values", 'write "key: value" lines below it, or {key: value}'),
    "model_type": ("must be a mapping of keys and values", 'write "key: value" lines below it, or {key: value}'),
    "model_attributes_type": (
        "must be a mapping of keys and values",
        'write "key: value" lines below it, or {key: value}',
    ),
    "tuple_type": ("must be a list", "begin each entry with a dash, or write [a, b]"),
}


def _wrong_value(model: type[BaseModel], cause: Cause, tree: Plain, marks: Marks) -> Diagnostic:
    """Say what kind of value belongs here; the value itself is shown where it is a short text."""
    subject, place = described(cause.path, tree), marks.value(cause.path)
    value = f'"{shortened(cause.value)}"' if isinstance(cause.value, str) else ""
    kind, context = cause.kind, cause.context
    if kind == "string_pattern_mismatch":
        return _bad_name(cause, tree, marks)
    if kind == "value_error":
        return _own_words(cause, subject, value, tree, marks)
    if cause.value is None and kind != "either":
        return Diagnostic("SOP103", f"{subject} has no value", marks.key(cause.path), _wanted(cause))
    if kind in ("enum", "literal_error"):
        words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        near = nearest(cause.value, words) if isinstance(cause.value, str) else None
        told = f"must be {words[0]}" if len(words) == 1 else "must be one of: " + ", ".join(words)
        return Diagnostic("SOP103", _not(subject, told, value), place, f'did you mean "{near}"?' if near else "")
    if kind == "too_short":
        return Diagnostic("SOP103", f"{subject} must not be empty", place)
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
        return Diagnostic("SOP103", _not(subject, f"must be {bound}", value), place)
    if kind == "either":
        return Diagnostic("SOP103", _not(subject, cause.text, value), place)
    told, hint = _PLAIN_WORDS.get(kind, ("can't be understood", ""))
    if kind == "tuple_type" and isinstance(cause.value, dict) and models_at(model, tree, (*cause.path, 0)):
        hint = "put a dash before it, or square brackets around it: [{…}]"
    return Diagnostic("SOP103", _not(subject, told, value), place, hint)


def _wanted(cause: Cause) -> str:
    """Say what is wanted where nothing stands."""
    told = _PLAIN_WORDS.get(cause.kind, ("", ""))[0]
    return (f"it {told}; " if told else "") + "write a value, or leave the key out if it may be left out"


def _not(subject: str, told: str, value: str) -> str:
    return f"{subject} {told}, not {value}" if value else f"{subject} {told}"


def _bad_name(cause: Cause, tree: Plain, marks: Marks) -> Diagnostic:
    rule = _EXAMPLES.get(str(cause.context.get("pattern", "")), "small letters, digits and underscores, a letter first")
    word = str(cause.value)
    near = _as_name(word, str(cause.context.get("pattern", "")))
    hint = f'write "{near}"; {rule}' if near else rule
    if word.startswith("$"):
        hint = "placeholders stand only in shared safeguards, which `use` takes up"
    if _is_key(cause, tree):
        message = f'"{shortened(word)}" is not written like a name'
        return Diagnostic("SOP107", message, marks.key(cause.path), hint)
    message = f'"{shortened(word)}" in {described(cause.path, tree)} is not written like {_sort(cause)}'
    return Diagnostic("SOP107", message, marks.value(cause.path), hint)


def _is_key(cause: Cause, tree: Plain) -> bool:
    """Tell whether the name of a key is meant, not the value under it."""
    return bool(cause.path) and cause.path[-1] == cause.value and isinstance(at(tree, cause.path[:-1]), dict)


def _sort(cause: Cause) -> str:
    return "a country" if cause.context.get("pattern") == "^[A-Z]{2}$" else "a name"


def _as_name(word: str, pattern: str) -> str | None:
    """Return the word as it would be allowed, if a small change is enough."""
    for candidate in (word.strip().lower(), word.strip().upper()):
        for joint in ("_", "-"):
            tried = re.sub(r"[\s_-]+", joint, candidate)
            if tried != word and pattern and re.search(pattern, tried):
                return tried
    return None


def _own_words(cause: Cause, subject: str, value: str, tree: Plain, marks: Marks) -> Diagnostic:
    """Give on what our own models said; durations have a code of their own."""
    place = marks.value(cause.path)
    if cause.text.startswith(("a duration is", "a reminder is", "an age is")):
        what = cause.text.split(" ")[1]
        example = {"reminder": "3 working days before", "age": "30 days"}.get(what, "3 working days, 24 hours, 1 month")
        message = _not(subject, f"must be {what_article(what)} {what}", value)
        hint = f"{cause.text}, e.g. {example}" if "e.g." not in cause.text else cause.text
        near = _as_duration(cause.value, what)
        return Diagnostic("SOP104", message, place, f'did you mean "{near}"? {hint}' if near else hint)
    if cause.text.startswith("must be true or false"):
        near = {"yes": "true", "on": "true", "y": "true", "1": "true", "no": "false", "off": "false", "n": "false",
                "0": "false", "True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}.get(str(cause.value))  # fmt: skip
        hint = f'did you mean "{near}"?' if near else ""
        return Diagnostic("SOP103", _not(subject, "must be true or false", value), place, hint)
    if _is_key(cause, tree):
        return Diagnostic("SOP107", f"{value} {cause.text}", marks.key(cause.path))
    if isinstance(cause.value, dict) or not value:
        return Diagnostic("SOP106", f"{subject}: {cause.text}", marks.key(cause.path))
    return Diagnostic("SOP103", f"{subject}: {cause.text}", place)


def what_article(noun: str) -> str:
    """Return the article of a noun."""
    return "an" if noun[:1] in "aeiou" else "a"


_UNITS: Final = ("hour", "hours", "day", "days", "working day", "working days", "week", "weeks", "month", "months")


def _as_duration(value: Any, what: str) -> str | None:
    """Return the duration that was probably meant: "10 workdays", "24h", "3 Days" and the like."""
    found = (
        re.fullmatch(r"\s*(\d{1,4})\s*([A-Za-z _-]+?)(\s+(?:before|after))?\s*", value)
        if isinstance(value, str)
        else None
    )
    if found is None:
        return None
    short = {
        "h": "hours",
        "d": "days",
        "w": "weeks",
        "m": "months",
        "wd": "working days",
        "business days": "working days",
    }
    word = re.sub(r"[_-]", " ", found[2].lower())
    unit = short.get(word) or nearest(word, _UNITS)
    if unit is None:
        return None
    length = f"{found[1]} {unit}"
    if what == "age" and Duration.parse(length).unit not in (Unit.DAY, Unit.WEEK):
        return None
    return length + (found[3] or (" before" if what == "reminder" else ""))


def described(path: Path, tree: Plain) -> str:
    """Name what stands at a path as a reader knows it: step "counselling", entry 2 of "requires", the file."""
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, int):
        item = at(tree, path)
        if len(path) == 2 and path[0] == "safeguards" and isinstance(item, dict) and isinstance(item.get("id"), str):
            return f'safeguard "{shortened(item["id"])}"'
        holder = next((step for step in reversed(path) if isinstance(step, str)), "the list")
        return f'entry {last + 1} of "{shortened(holder)}"'
    if len(path) > 1 and (path[-2] in _NOUNS) and (len(path) < 3 or path[-3] not in _NOUNS):
        return f'{_NOUNS[str(path[-2])]} "{shortened(last)}"'
    return f'"{shortened(last)}"'
