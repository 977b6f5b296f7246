"""What a migration is told of names: "step:old=new" and the like, each checked against both versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.cases.names import Names
from engine.diagnostics import did_you_mean
from engine.errors import UnknownName, WrongUse
from engine.sop.compile import CompiledSop

_KINDS: Final = ("step", "action", "form", "fact")


def read_names(written: Sequence[str], olds: Sequence[CompiledSop], new: CompiledSop) -> Names:
    """Read "step:old=new" pairs.

    Raises:
        WrongUse: one is of another form, or two names of one version would become one.
        UnknownName: no other version has the old name, or the new version not the new one.
    """
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    for one in written:
        kind, colon, pair = one.partition(":")
        old, equals, name = pair.partition("=")
        if not (colon and equals and old and name) or kind not in _KINDS:
            hint = f"a kind is one of: {', '.join(_KINDS)}; a role that is called otherwise is a new role"
            raise WrongUse(f'"{one}" is not of the form KIND:OLD=NEW.', [hint])
        before, now = {known for sop in olds for known in _known(kind, sop)}, _known(kind, new)
        for word, known, where in ((old, before, "No other version has"), (name, now, "The new version does not have")):
            if word not in known:
                raise UnknownName(f'{where} a {kind} "{word}".', [did_you_mean(word, sorted(known), f"{kind}s")])
        if old in found[kind] or name in found[kind].values():
            raise WrongUse(f'"{one}" gives a name that another pair has already.')
        found[kind][old] = name
    for kind, pairs in found.items():
        for old, name in pairs.items():
            if any({old, name} <= _known(kind, sop) and name not in pairs for sop in olds):
                raise WrongUse(
                    f'"{old}" and "{name}" are two {kind}s of one version: they can\'t both become "{name}".'
                )
    return Names(found["step"], found["action"], found["form"], found["fact"])


def _known(kind: str, sop: CompiledSop) -> set[str]:
    match kind:
        case "step":
            return set(sop.steps)
        case "action":
            return {action.name for action in sop.every_action()}
        case "form":
            return {*sop.forms, *sop.parts}
        case _:
            return set(sop.sop.facts)
