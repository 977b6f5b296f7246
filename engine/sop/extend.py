"""`extends`: one procedure written as what differs from another, merged before it is typed.

Mappings merge by key, lists replace, `{add: […]}` lengthens a list, `remove: true` deletes. `share_when` is only added to, and
safeguards merge by id and are never removed. What a key that is said anew may no longer do is judged on the typed procedures:
`engine.sop.stricter`.
Rules: docs/reference/sop-language.md, "extends".
"""

from __future__ import annotations

from typing import Final

from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.source import Node, Spot

PROTECTS: Final = "what protects people can only be added to"

_OWN: Final = frozenset({"sop", "version", "extends", "layers"})
"""Keys that a procedure does not take from the one it extends."""

_READ: Final = frozenset({"extends", "layers"})
"""Keys that say what is merged, and are none of what comes of it."""


def merged(base: Node, over: Node) -> tuple[Node, list[Diagnostic]]:
    """Merge a procedure over the one that it extends."""
    inherited = Node({key: one for key, one in _dict(base).items() if key not in _OWN}, base.spot, base.keys)
    own = Node({key: one for key, one in _dict(over).items() if key not in _READ}, over.spot, over.keys)
    merger = _Merger()
    return merger.by_key(inherited, own, ()), merger.found


class _Merger:
    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def by_key(self, base: Node, over: Node, path: tuple[str, ...]) -> Node:
        values, keys = dict(_dict(base)), dict(base.keys)
        last = ""
        for key, value in _dict(over).items():
            here = (*path, key)
            mark = value.child("remove")
            if mark is not None and mark.value == "true":
                if self._may_go(list(_dict(base)), here, value, over.keys[key]):
                    del values[key]
                continue
            known = values.get(key)
            more = _more(value)
            if more is not None and (known is None or not isinstance(known.value, dict) or key == "basis"):
                entry = self._lengthened(known, more, here)
            else:
                entry = value if known is None else self._one(known, value, here)
            values = _placed(values, key, entry, last)
            keys[key] = over.keys[key]
            last = key
        return Node(values, over.spot, keys)

    def _one(self, base: Node, over: Node, path: tuple[str, ...]) -> Node:
        """Merge what both say under one key. A single basis is a list of one, so it is replaced like a list."""
        if path[0] == "share_when" and type(base.value) is not type(over.value):
            kind = "a mapping" if isinstance(base.value, dict) else "a list"
            message = f'"{path[-1]}" is {kind} in the procedure that this one extends'
            self._fault("SOP122", message, over.spot, f"write it as {kind} too; {PROTECTS}")
            return base
        if isinstance(base.value, dict) and isinstance(over.value, dict) and path[-1] != "basis":
            return self.by_key(base, over, path)
        if isinstance(base.value, list) and isinstance(over.value, list):
            if path[0] == "share_when":
                known = base.plain()
                return Node([*base.value, *(one for one in over.value if one.plain() not in known)], over.spot)  # type: ignore[operator]
            if path == ("safeguards",):
                return self._safeguards(base.value, over)
        return over

    def _lengthened(self, base: Node | None, more: Node, path: tuple[str, ...]) -> Node:
        """Add entries to a list; under `forms` an entry for a form that is listed already takes that one's place."""
        entries = _list(more)
        if base is None:
            message = f'"{path[-1]}" is added to, and the procedure that this one extends has none there'
            self._fault("SOP123", message, more.spot, "write the list itself, without `add`")
            return more
        if path[0] in ("share_when", "safeguards"):
            return self._one(base, more, path)
        listed = _list(base) if isinstance(base.value, list) else [base]
        if path[-1] == "forms":
            anew = {_form(one) for one in entries}
            listed = [one for one in listed if _form(one) not in anew]
        return Node([*listed, *entries], more.spot)

    def _may_go(self, known: list[str], path: tuple[str, ...], mark: Node, spot: Spot) -> bool:
        """Tell whether what is marked for removal is there and may be removed; else say why not."""
        name = path[-1]
        others = ", ".join(f'"{key}"' for key in _dict(mark) if key != "remove")
        if path[0] in ("share_when", "safeguards"):
            self._fault("SOP122", f'"{name}" can\'t be removed: {PROTECTS}', spot)
        elif others:
            hint = "keep `remove: true`, or the others"
            self._fault("SOP123", f'"{name}" is removed, yet says {others} too', spot, hint)
        elif name not in known:
            message = f'"{name}" can\'t be removed: the procedure that this one extends has none'
            self._fault("SOP123", message, spot, did_you_mean(name, known, "keys there"))
        else:
            return True
        return False

    def _safeguards(self, base: list[Node], over: Node) -> Node:
        """Put each safeguard in the place of the one with its id, its keys over the other's; new ones come last."""
        places = {_id(one): number for number, one in enumerate(base)}
        entries = list(base)
        for one in over.value if isinstance(over.value, list) else ():
            name = _id(one)
            place = places.get(name)
            if one.child("remove") is not None:
                self._fault("SOP122", f'safeguard "{name}" can\'t be removed: {PROTECTS}', one.spot)
            elif place is None:
                entries.append(one)
            elif entries[place] is not base[place]:
                message = f'safeguard "{name}" is said anew twice'
                self._fault("SOP110", message, one.spot, "say once what differs")
            else:
                known = base[place]
                entries[place] = Node({**_dict(known), **_dict(one)}, one.spot, {**known.keys, **one.keys})
        return Node(entries, over.spot)

    def _fault(self, code: str, message: str, spot: Spot, hint: str = "") -> None:
        self.found.append(Diagnostic(code, message, Place(*spot), hint))


def _dict(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _placed(values: dict[str, Node], key: str, value: Node, last: str) -> dict[str, Node]:
    """Put a value under its key; a new one after the key before it in the variant, for pictures follow the order of the file."""
    if key in values or last not in values:
        return {**values, key: value}
    names = list(values)
    names.insert(names.index(last) + 1, key)
    return {name: value if name == key else values[name] for name in names}


def _list(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _more(node: Node) -> Node | None:
    """Return the list in `{add: […]}`."""
    added = node.child("add")
    return added if added is not None and len(_dict(node)) == 1 and isinstance(added.value, list) else None


def _form(entry: Node) -> str:
    """Return the form that an entry of `forms` lists, written as a word or as a mapping."""
    named = entry.child("form")
    return str(entry.value if named is None else named.value)


def _id(node: Node) -> str:
    named = node.child("id")
    return str(named.value) if named is not None else ""
