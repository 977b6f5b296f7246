"""`use`: a shared safeguard put where a procedure takes it up, its placeholders bound to the procedure's own names.

A shared safeguard is a file of the folder safeguards/, named by the file. `$departure` in it stands for what `where` binds to
`departure`: a name, or a list of names, which inside a list stands for each of them.
Rules: docs/reference/sop-language.md, "Safeguards".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.source import Node, Source, Spot


def taken_up(root: Node, shared: Mapping[str, Source]) -> tuple[Node, list[Diagnostic]]:
    """Return the tree with each `use` replaced by the safeguard it names; one that can't be stays as it is."""
    listed = root.child("safeguards")
    if listed is None or not isinstance(root.value, dict) or not isinstance(listed.value, list):
        return root, []
    found: list[Diagnostic] = []
    entries = [_entry(one, shared, found) for one in listed.value]
    return Node({**root.value, "safeguards": Node(entries, listed.spot)}, root.spot, root.keys), found


def _entry(entry: Node, shared: Mapping[str, Source], found: list[Diagnostic]) -> Node:
    named, where = entry.child("use"), entry.child("where")
    if named is None or not isinstance(named.value, str) or not entry.keys.keys() <= {"use", "where"}:
        return entry
    bound = where.value if where is not None else {}
    source = shared.get(named.value)
    if source is None:
        hint = did_you_mean(named.value, list(shared), "shared safeguards")
        if not shared:
            hint = 'there is no folder "safeguards" beside this procedure; write the safeguard out here, with an id'
        _fault(found, "SOP130", f'there is no shared safeguard "{named.value}"', named.spot, hint)
        return entry
    inner = source.marks.root.child("use")
    if inner is not None:
        message = f'the shared safeguard "{named.value}" takes up another, and would say nothing itself'
        _fault(found, "SOP130", message, inner.spot, "write out what must hold")
        return entry
    if not isinstance(bound, dict):
        return entry
    wanted = dict.fromkeys(_placeholders(source.marks.root))
    missing = [name for name in wanted if name not in bound]
    for name in missing:
        message = f'the shared safeguard "{named.value}" speaks of ${name}, and nothing says what that is here'
        _fault(found, "SOP131", message, (where or named).spot, f"add to where: {{{name}: …}}")
    for name in bound:
        if name not in wanted and where is not None:
            message = f'the shared safeguard "{named.value}" has no ${name}'
            _fault(found, "SOP132", message, where.keys[name], did_you_mean(name, list(wanted), "placeholders"))
    return entry if missing else _filled(source.marks.root, bound)


def _placeholders(node: Node) -> Iterator[str]:
    if isinstance(node.value, str) and node.value.startswith("$"):
        yield node.value[1:]
    elif isinstance(node.value, dict):
        for one in node.value.values():
            yield from _placeholders(one)
    elif isinstance(node.value, list):
        for one in node.value:
            yield from _placeholders(one)


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
    return (
        after.value
        if before is not after and isinstance(before.value, str) and isinstance(after.value, list)
        else [after]
    )


def _fault(found: list[Diagnostic], code: str, message: str, spot: Spot, hint: str) -> None:
    found.append(Diagnostic(code, message, Place(*spot), hint))
