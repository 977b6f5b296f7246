"""`use`: shared safeguards put where a procedure takes them up, their placeholders bound to what is meant here.

A placeholder stands for what `where` binds to it, else for what the procedure's `bindings` say: a name, a list or a mapping.
In a list, one that is bound to a list stands for each of its entries. A safeguard taken up lies at the line of its `use`, and all
its keys in the shared file. Rules: docs/reference/safeguards.md, "Shared safeguards".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.sop.shared import Shared, placeholders
from engine.source import Node, Spot

_KEYS = frozenset({"use", "where", "only", "as"})


@dataclass(frozen=True, slots=True)
class TakenUp:
    """A shared safeguard as a procedure takes it up: those of its safeguards that it takes, by their ids here."""

    shared: Shared
    safeguards: Mapping[str, str]


@dataclass(slots=True)
class Uses:
    """The tree of a procedure with each `use` replaced by the safeguards it names; one that can't be stays as it is."""

    root: Node
    taken: list[TakenUp] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)


def taken_up(root: Node, shelf: Mapping[str, Shared], inherited: Node | None = None) -> Uses:
    """Replace each `use` of a procedure; `inherited` are the `bindings` of the one that it extends."""
    uses = Uses(root)
    listed, own = root.child("safeguards"), root.child("bindings")
    common = {**_dict(inherited), **_dict(own)}
    if isinstance(root.value, dict) and listed is not None and isinstance(listed.value, list):
        entries = [inner for one in listed.value for inner in _entry(one, shelf, common, uses)]
        uses.root = Node({**root.value, "safeguards": Node(entries, listed.spot)}, root.spot, root.keys)
    _see_that_each_is_meant(own, uses)
    return uses


def _see_that_each_is_meant(own: Node | None, uses: Uses) -> None:
    spoken = {name for one in uses.taken for inner in one.shared.statements.values() for name in placeholders(inner)}
    if own is None or any(one.code.startswith("SOP13") for one in uses.found):
        return
    for name in _dict(own):
        if name not in spoken:
            message = f"no shared safeguard taken up here has ${name}"
            _fault(uses, "SOP132", message, own.keys[name], did_you_mean(name, sorted(spoken), "placeholders"))


def _entry(entry: Node, shelf: Mapping[str, Shared], common: Mapping[str, Node], uses: Uses) -> list[Node]:
    named, where = entry.child("use"), entry.child("where")
    if named is None or not isinstance(named.value, str) or not entry.keys.keys() <= _KEYS:
        return [entry]
    shared = shelf.get(named.value)
    if shared is None:
        hint = did_you_mean(named.value, list(shelf), "shared safeguards")
        if not shelf:
            hint = 'there is no folder "safeguards" beside this procedure; write the safeguard out here, with an id'
        _fault(uses, "SOP130", f'there is no shared safeguard "{named.value}"', named.spot, hint)
        return [entry]
    if not shared.statements:
        message = f'the shared safeguard "{shared.name}" has faults itself, so it can\'t be taken up'
        _fault(uses, "SOP134", message, named.spot, f"mend them first: {shared.place.file}")
        return [entry]
    suffix = entry.child("as")
    if (where is not None and not isinstance(where.value, dict)) or (suffix and not isinstance(suffix.value, str)):
        return [entry]
    chosen = _chosen(shared, entry.child("only"), uses)
    if not chosen:
        return [entry]
    if not _are_bound(shared, chosen, where, {**common, **_dict(where)}, where or named, uses):
        return [entry]
    bound = {**common, **_dict(where)}
    ids = {name: name if suffix is None else f"{name}-{suffix.value}" for name in chosen}
    uses.taken.append(TakenUp(shared, ids))
    return [_stated(shared.statements[name], ids[name], bound, named.spot) for name in chosen]


def _chosen(shared: Shared, only: Node | None, uses: Uses) -> Sequence[str]:
    """Return the ids of the safeguards that are meant; none where `only` names one that is not there."""
    if only is None:
        return list(shared.statements)
    if not isinstance(only.value, list):
        return []  # told by its type
    chosen = []
    for one in only.value:
        if isinstance(one.value, str) and one.value in shared.statements:
            chosen.append(one.value)
            continue
        message = f'the shared safeguard "{shared.name}" has no "{one.plain()}"'
        hint = did_you_mean(str(one.plain()), list(shared.statements), "its safeguards")
        _fault(uses, "SOP133", message, one.spot, hint)
    return chosen if len(chosen) == len(only.value) else []


def _are_bound(
    shared: Shared, chosen: Sequence[str], where: Node | None, bound: Mapping[str, Node], at: Node, uses: Uses
) -> bool:
    """Tell whether each placeholder is bound, and say what is missing and what is too much."""
    wanted = dict.fromkeys(name for one in chosen for name in placeholders(shared.statements[one]))
    missing = [name for name in wanted if name not in bound]
    for name in missing:
        message = f'the shared safeguard "{shared.name}" speaks of ${name}, and nothing says what that is here'
        _fault(uses, "SOP131", message, at.spot, f"add to where: {{{name}: …}}")
    for name in _dict(where):
        if name not in wanted and where is not None:
            message = f'the shared safeguard "{shared.name}" has no ${name}'
            _fault(uses, "SOP132", message, where.keys[name], did_you_mean(name, list(wanted), "placeholders"))
    return not missing


def _stated(statement: Node, id: str, bound: Mapping[str, Node], spot: Spot) -> Node:
    """Return a safeguard with its placeholders bound, at the place of its `use`."""
    values = _dict(_filled(statement, bound))
    named = values["id"]
    return Node({**values, "id": Node(id, named.spot)}, spot, statement.keys)


def _filled(node: Node, bound: Mapping[str, Node]) -> Node:
    if isinstance(node.value, str) and node.value.startswith("$"):
        return bound[node.value[1:]]
    if isinstance(node.value, dict):
        return Node({key: _filled(one, bound) for key, one in node.value.items()}, node.spot, node.keys)
    if isinstance(node.value, list):
        return Node([part for one in node.value for part in _spread(one, _filled(one, bound))], node.spot)
    return node


def _spread(before: Node, after: Node) -> list[Node]:
    """Return the entries that a placeholder in a list has become."""
    is_placeholder = before is not after and isinstance(before.value, str)
    return after.value if is_placeholder and isinstance(after.value, list) else [after]


def _dict(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _fault(uses: Uses, code: str, message: str, spot: Spot, hint: str) -> None:
    uses.found.append(Diagnostic(code, message, Place(*spot), hint))
