"""What changes for people between two procedures: in sentences, grouped, the gravest first.

Nothing that differs is passed over: what no sentence of its own is made for is said in general words. Steps, actions and forms
are told apart by their names, so that one that was renamed is gone and new. Pure: two procedures with their forms come in.

For designers: docs/howto/write-a-procedure.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.comparison.changes import Change, Changes, Effect, Side, Subject
from engine.analysis.comparison.forms import forms
from engine.analysis.comparison.guards import lists, safeguards, sharing
from engine.analysis.comparison.steps import steps
from engine.forms.model import Form
from engine.sop.model import Sop

__all__ = ["Change", "Effect", "Subject", "compare"]

_EFFECTS: Final = list(Effect)
_SUBJECTS: Final = list(Subject)


def compare(
    old: Sop, old_forms: Mapping[str, Form], new: Sop, new_forms: Mapping[str, Form], language: str = "en"
) -> list[Change]:
    """Return what changes from one procedure to another; titles are given in `language`. Empty only where nothing differs."""
    changes = Changes(Side(old, old_forms, language), Side(new, new_forms, language))
    safeguards(changes)
    sharing(changes)
    steps(changes)
    _roles_and_facts(changes)
    lists(changes)
    forms(changes)
    _not_confirmed(changes)
    told = ("roles", "facts", "lists", "not_confirmed", "share_when", "steps", "alongside", "everywhere", "safeguards")
    changes.fields(Subject.PROCEDURE, "", "the procedure", old, new, told)
    found = list(dict.fromkeys(changes.found))
    return sorted(found, key=lambda one: (_EFFECTS.index(one.group), _SUBJECTS.index(one.subject)))


def _not_confirmed(changes: Changes) -> None:
    """Say what is no longer known for sure, and what no longer stands as an open point."""
    old, new = changes.old.sop.not_confirmed, changes.new.sop.not_confirmed
    for name in dict.fromkeys([*old, *new]):
        was, becomes = old.get(name), new.get(name)
        if was is None and becomes is not None:
            text = f"not confirmed{_of(becomes.country)}: {changes.new.title(becomes.note)}"
            changes.add(Effect.NEW, Subject.PROCEDURE, name, text)
        elif becomes is None and was is not None:
            text = f"no longer said to be not confirmed{_of(was.country)}: {changes.old.title(was.note)}"
            changes.add(Effect.GONE, Subject.PROCEDURE, name, text)
        elif was is not None and becomes is not None:
            changes.fields(Subject.PROCEDURE, name, f"what is not confirmed as {name}", was, becomes, ())


def _of(country: str | None) -> str:
    return f" ({country})" if country else ""


def _roles_and_facts(changes: Changes) -> None:
    old, new = changes.old.sop, changes.new.sop
    for subject, before, now in ((Subject.ROLE, old.roles, new.roles), (Subject.FACT, old.facts, new.facts)):
        for name in dict.fromkeys([*before, *now]):
            was, becomes = before.get(name), now.get(name)
            if becomes is None and was is not None:
                changes.add(Effect.GONE, subject, name, f"{subject} {changes.old.title(was.title)} is gone")
            elif was is None and becomes is not None:
                changes.add(Effect.NEW, subject, name, f"{subject} {changes.new.title(becomes.title)} is new")
            elif was is not None and becomes is not None:
                changes.fields(subject, name, f"{subject} {changes.new.title(becomes.title)}", was, becomes, ())
        if list(before) != list(now) and before.keys() == now.keys():
            changes.add(Effect.CHANGED, subject, "", f"the {subject}s stand in another order")
