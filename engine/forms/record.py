"""A completed form: what "complete" means, and the plain values that are stored.

`complete` names every wrong, missing and surplus field at once. Values are stored as text, booleans and numbers only: dates as
ISO 8601, countries as ISO 3166-1 alpha-2. Terms: docs/glossary.md, "record".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from engine.diagnostics import did_you_mean
from engine.errors import NotAllowed
from engine.forms.model import RESERVED, FieldType, FormField, FormPart
from engine.values import Text, Value

Read = TypeVar("Read")

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,6})?")
_MOST = 10**15  # "not a number" and the infinite, which JSON can bring, lie on no side of it
_COUNTRY = re.compile(r"[A-Z]{2}")


class FormRefused(NotAllowed):
    """A completed form has wrong, missing or surplus fields; `details` names each."""

    code = "form_refused"


@dataclass(frozen=True, slots=True)
class Record:
    """One completed form part.

    Attributes:
        part: the form, or `form.part`.
        role, purpose: of a keyed part, who receives and for what; None otherwise.
        draft: not signed yet: it doesn't count.
    """

    part: str
    signed_on: date
    signed_by: tuple[str, ...]
    role: str | None
    purpose: str | None
    draft: bool
    fields: dict[str, Value]


def typed(kind: FieldType, text: object, choices: Mapping[str, Text] | None = None) -> Value:
    """Give a written value the type of its field.

    Raises:
        ValueError: with one sentence that says what was expected.
    """
    if kind is FieldType.BOOLEAN:
        return _boolean(text)
    if kind is FieldType.NUMBER:
        return _number(text)
    if kind is FieldType.DATE:
        return _date(text)
    if not isinstance(text, str):
        raise ValueError(f"must be text, not {text!r}" if kind is not FieldType.CHOICE else _one_of(choices))
    if kind is FieldType.CHOICE and text not in (choices or {}):
        raise ValueError(_one_of(choices))
    if kind is FieldType.COUNTRY and not _COUNTRY.fullmatch(text):
        raise ValueError("must be a country code of two capital letters, such as AL")
    return text


def _one_of(choices: Mapping[str, Text] | None) -> str:
    return "must be one of: " + ", ".join(choices or {})


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise ValueError("must be true or false")


def _number(value: object) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST < value < _MOST:
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    raise ValueError("must be a number")


def _date(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()[:10]
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError("must be a date such as 2026-03-02") from None


def complete(name: str, part: FormPart, raw: Mapping[str, object], *, roles: Collection[str], today: date) -> Record:
    """Read a completed form.

    Args:
        name: the part, as it is recorded.
        raw: flat mapping: the fields, and signed_on, signed_by, for, draft.
        roles: roles of the procedure: who can have signed or receive.
        today: in the destination's time zone; a form can't be signed later.
    Raises:
        FormRefused: names every wrong, missing and surplus field one by one.
    """
    faults: list[str] = []
    draft = _read(faults, "draft", lambda: _boolean(raw.get("draft", False))) or False
    signed_on = _signing_date(faults, raw, today)
    signed_by = _signers(faults, raw.get("signed_by", ()), roles)
    role, purpose = _receiver(faults, part, raw.get("for"), roles)
    fields: dict[str, Value] = {}
    for key, field in part.fields.items():
        given = raw.get(key)
        if given is None or given == "":
            if field.required and not draft:
                faults.append(f"{key}: missing")
            continue
        value = _read(faults, key, partial(_checked, field, given))
        if value is not None:
            fields[key] = value
    for key in raw:
        if key not in part.fields and key not in RESERVED:
            faults.append(f"{key}: no such field; {did_you_mean(str(key), list(part.fields), 'fields')}")
    if faults:
        raise FormRefused(f'The form "{name}" is not complete: {len(faults)} to mend.', faults)
    return Record(name, signed_on or today, signed_by, role, purpose, draft, fields)


def _read(faults: list[str], key: str, read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except ValueError as fault:
        faults.append(f"{key}: {fault}")
        return None


def _checked(field: FormField, given: object) -> Value:
    value = typed(field.type, given, field.choices)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if field.min is not None and value < field.min:
            raise ValueError(f"must be at least {field.min:g}")
        if field.max is not None and value > field.max:
            raise ValueError(f"must be at most {field.max:g}")
    if isinstance(value, str) and len(value) > field.max_length:
        raise ValueError(f"must have at most {field.max_length} characters, not {len(value)}")
    return value


def _signing_date(faults: list[str], raw: Mapping[str, object], today: date) -> date | None:
    given = raw.get("signed_on")
    if given is None:
        faults.append("signed_on: missing (the date of signature)")
        return None
    text = _read(faults, "signed_on", lambda: _date(given))
    if text is None:
        return None
    signed = date.fromisoformat(text)
    if signed > today:
        faults.append(f"signed_on: {signed} lies in the future (today is {today})")
    return signed


def _signers(faults: list[str], given: object, roles: Collection[str]) -> tuple[str, ...]:
    if given is not None and not isinstance(given, (str, list, tuple)):
        faults.append("signed_by: must be a role, or a list of roles")
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else []
    for name in names:
        if name not in roles:
            faults.append(f"signed_by: no such role; {did_you_mean(str(name), list(roles), 'roles')}")
    return tuple(str(name) for name in names)


def _receiver(
    faults: list[str], part: FormPart, given: object, roles: Collection[str]
) -> tuple[str | None, str | None]:
    if part.keyed is None:
        if given is not None:
            faults.append("for: this form has no receiving role or purpose")
        return None, None
    if not isinstance(given, Mapping) or set(given) != {"role", "purpose"}:
        faults.append("for: must name the receiving role and the purpose, e.g. for: {role: …, purpose: …}")
        return None, None
    role, purpose = str(given["role"]), str(given["purpose"])
    if role not in roles:
        faults.append(f"for: no such role; {did_you_mean(role, list(roles), 'roles')}")
    if purpose not in part.keyed.purposes:
        faults.append(f"for: no such purpose; {did_you_mean(purpose, list(part.keyed.purposes), 'purposes')}")
    return role, purpose
