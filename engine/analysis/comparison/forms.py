"""Forms side by side: their parts and fields, and which field protects a person less than before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.comparison.changes import Changes, Effect, Subject
from engine.forms.model import FormField, FormPart
from engine.sop.canonical import used_forms
from engine.sop.model import Sop


def forms(changes: Changes) -> None:
    """Say what differs in the forms that the two procedures use."""
    old_names, new_names = _known(changes.old.sop, changes.old.forms), _known(changes.new.sop, changes.new.forms)
    for name in sorted({*old_names, *new_names}):
        if name not in new_names:
            form = changes.old.forms[name]
            changes.add(Effect.GONE, Subject.FORM, name, f"form {changes.old.title(form.title)} is no longer used")
        elif name not in old_names:
            form = changes.new.forms[name]
            changes.add(Effect.NEW, Subject.FORM, name, f"form {changes.new.title(form.title)} is now used")
        elif changes.old.forms[name] != changes.new.forms[name]:
            _form(changes, name)


def _known(sop: Sop, shelf: Mapping[str, object]) -> list[str]:
    return [name for name in used_forms(sop) if name in shelf]


def _form(changes: Changes, name: str) -> None:
    before, now = changes.old.forms[name], changes.new.forms[name]
    who = f"form {changes.new.title(now.title)}"
    changes.fields(Subject.FORM, name, who, before, now, ("fields", "parts", "keyed"))
    old, new = before.all_parts(), now.all_parts()
    for part in dict.fromkeys([*old, *new]):
        if part not in new:
            changes.add(Effect.GONE, Subject.FORM, part, f"“{changes.old.say.part(part)}” is gone")
        elif part not in old:
            changes.add(Effect.NEW, Subject.FORM, part, f"“{changes.new.say.part(part)}” is new")
        else:
            _part(changes, part, old[part], new[part], bool(now.parts))
    if list(old) != list(new) and old.keys() == new.keys():
        changes.add(Effect.CHANGED, Subject.FORM, name, f"the parts of {who} stand in another order")


def _part(changes: Changes, name: str, old: FormPart, new: FormPart, is_part: bool) -> None:
    who = f"“{changes.new.say.part(name)}”"
    told = ("fields",) if is_part else ("title", "note", "basis", "fields")
    changes.fields(Subject.FORM, name, who, old, new, told)
    for key in dict.fromkeys([*old.fields, *new.fields]):
        before, now = old.fields.get(key), new.fields.get(key)
        if now is None and before is not None:
            changes.add(Effect.GONE, Subject.FORM, name, f"{who} no longer asks {changes.old.title(before.title)}")
        elif before is None and now is not None:
            changes.add(Effect.NEW, Subject.FORM, name, f"{who} now asks {changes.new.title(now.title)}")
        elif before is not None and now is not None:
            _field(changes, name, f"{changes.new.title(now.title)} in {who}", before, now)
    if list(old.fields) != list(new.fields) and old.fields.keys() == new.fields.keys():
        changes.add(Effect.CHANGED, Subject.FORM, name, f"{who} asks in another order")


_SAID: Final = ("required", "personal", "sensitivity", "crosses_border")


def _field(changes: Changes, at: str, who: str, old: FormField, new: FormField) -> None:
    """Say first what lets more be known, or lets less be asked."""
    for name, weaker, text in (
        ("required", old.required, "may be left out" if old.required else "must be filled in"),
        ("personal", old.personal, "no longer counts as personal" if old.personal else "now counts as personal"),
        ("crosses_border", new.crosses_border, "may go to the other country" if new.crosses_border else "stays in its country"),
        ("sensitivity", new.sensitivity < old.sensitivity, f"is of class {new.sensitivity} instead of {old.sensitivity}"),
    ):  # fmt: skip
        if getattr(old, name) != getattr(new, name):
            changes.add(Effect.WEAKER if weaker else Effect.STRONGER, Subject.FORM, at, f"{who} {text}")
    changes.fields(Subject.FORM, at, who, old, new, _SAID)
