"""`extends` and `use`: one procedure built upon another, before it is typed.

Mappings merge by key, lists replace, `remove: true` deletes. What protects people can only grow: `share_when` and the `requires`
of a form's entry are added to, a safeguard is never removed, and one that is overridden keeps its kind and its X and only adds
requirements, allows fewer values, a smaller age or fewer Y. Rules: docs/reference/sop-language.md, "extends".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.diagnostics import Diagnostic, Place, did_you_mean
from engine.sop.shelf import Shelf, read_file
from engine.source import Node

NARROWED = (
    "require",
    "eventually",
    "reachable",
    "within",
    "title",
    "basis",
    "bounded",
    "escalate",
    "always",
    "ignores",
)
"""Keys of a safeguard that an override may say anew, each only more strictly."""


def extended(root: Node, shelf: Shelf) -> tuple[Node, list[Diagnostic]]:
    """Return the tree with what it extends merged in and the shared safeguards it uses filled in."""
    merger = _Merger(shelf)
    merged = merger.whole(root, ())
    return merger.with_shared(merged), merger.found


class _Merger:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.found: list[Diagnostic] = []

    def whole(self, root: Node, chain: tuple[str, ...]) -> Node:
        """Merge a file's tree over the one that it extends, and that over the next."""
        named = root.child("extends")
        if named is None or not isinstance(named.value, str):
            return root
        base_name = named.value
        path = self._shelf.sops.get(base_name)
        if base_name in chain or path is None:
            message = f'"{base_name}" extends itself' if base_name in chain else f'"{base_name}" does not exist'
            self._fault("SOP120", message, named, did_you_mean(base_name, list(self._shelf.sops), "procedures"))
            return root
        source, found = read_file(path)
        self.found += found
        if source is None:
            return root
        base = self.whole(source.marks.root, (*chain, base_name))
        own = {key: value for key, value in _dict(root).items() if key != "extends"}
        return self._merge(base, Node(own, root.spot, root.keys), ())

    def with_shared(self, root: Node) -> Node:
        """Put each shared safeguard in the place of its `use`, its placeholders bound."""
        safeguards = root.child("safeguards")
        if safeguards is None or not isinstance(safeguards.value, list):
            return root
        filled = [self._used(one) for one in safeguards.value]
        return _with(root, "safeguards", Node(filled, safeguards.spot))

    def _used(self, one: Node) -> Node:
        named = one.child("use")
        if named is None or not isinstance(named.value, str):
            return one
        shared = self._shelf.safeguards.get(named.value)
        if shared is None:
            hint = did_you_mean(named.value, list(self._shelf.safeguards), "shared safeguards")
            self._fault("SOP121", f'the shared safeguard "{named.value}" does not exist', named, hint)
            return one
        where = one.child("where")
        bound = where.value if where is not None and isinstance(where.value, dict) else {}
        return self._bound(shared.marks.root, bound, one)

    def _bound(self, node: Node, bound: dict[str, Node], use: Node) -> Node:
        if isinstance(node.value, str) and node.value.startswith("$"):
            value = bound.get(node.value[1:])
            if value is None:
                self._fault(
                    "SOP122", f'the placeholder "{node.value}" is not bound', use, f"add {node.value[1:]}: … to where"
                )
                return node
            return value
        if isinstance(node.value, dict):
            return Node({key: self._bound(one, bound, use) for key, one in node.value.items()}, node.spot, node.keys)
        if isinstance(node.value, list):
            return Node([part for one in node.value for part in self._spread(one, bound, use)], node.spot)
        return node

    def _spread(self, node: Node, bound: dict[str, Node], use: Node) -> Iterator[Node]:
        """A placeholder that stands in a list and is bound to a list stands for each of its entries."""
        filled = self._bound(node, bound, use)
        if filled is not node and isinstance(node.value, str) and isinstance(filled.value, list):
            yield from filled.value
        else:
            yield filled

    def _merge(self, base: Node, over: Node, path: tuple[str, ...]) -> Node:
        if path == ("safeguards",):
            return self._safeguards(base, over)
        if path[:1] == ("share_when",) and not (isinstance(base.value, dict) and isinstance(over.value, dict)):
            return self._added(base, over)
        if path[-1:] == ("forms",) and isinstance(base.value, list) and isinstance(over.value, list):
            self._entries_keep_what_they_require(base, over)
            return over
        if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
            return over
        merged, keys = dict(base.value), dict(base.keys)
        for key, value in over.value.items():
            keys[key] = over.keys[key]
            if _removes(value):
                if path[:1] in (("share_when",), ("safeguards",)):
                    self._fault("SOP123", f'"{key}" protects people and can\'t be removed', value)
                else:
                    merged.pop(key, None)
            else:
                known = merged.get(key)
                merged[key] = value if known is None else self._merge(known, value, (*path, key))
        return Node(merged, over.spot, keys)

    def _added(self, base: Node, over: Node) -> Node:
        if not (isinstance(base.value, list) and isinstance(over.value, list)):
            self._fault(
                "SOP124",
                "share_when is a list here and a mapping there",
                over,
                "write it as the extended procedure does",
            )
            return base
        known = [one.plain() for one in base.value]
        return Node([*base.value, *(one for one in over.value if one.plain() not in known)], over.spot)

    def _entries_keep_what_they_require(self, base: Node, over: Node) -> None:
        written = {_form_of(one): one for one in _list(over)}
        for one in _list(base):
            now = written.get(_form_of(one))
            required = one.child("requires")
            if now is None or required is None:
                continue
            kept = now.child("requires")
            still = [] if kept is None else kept.plain()
            if any(requirement.plain() not in (still or []) for requirement in _list(required)):
                self._fault("SOP125", f'what recording "{_form_of(one)}" requires can only be added to', now)

    def _safeguards(self, base: Node, over: Node) -> Node:
        merged = {_id_of(one): one for one in _list(base)}
        for one in _list(over):
            known = merged.get(_id_of(one))
            if _removes(one):
                self._fault("SOP123", f'the safeguard "{_id_of(one)}" can\'t be removed', one)
            elif known is None:
                merged[_id_of(one)] = one
            else:
                together = Node({**_dict(known), **_dict(one)}, one.spot, {**known.keys, **one.keys})
                if not _stricter(known.plain(), together.plain()):
                    self._fault(
                        "SOP126", f'the safeguard "{_id_of(one)}" is weaker than the one it overrides', one,
                        "keep its kind and its X; add requirements, allow fewer values, a smaller age or fewer Y",
                    )  # fmt: skip
                merged[_id_of(one)] = together
        return Node(list(merged.values()), over.spot)

    def _fault(self, code: str, message: str, node: Node, hint: str = "") -> None:
        self.found.append(Diagnostic(code, message, Place(*node.spot), hint))


def _stricter(base: Any, over: Any) -> bool:
    """Say whether an overridden safeguard still holds all that it held."""
    if any(base.get(key) != over.get(key) for key in {*base, *over} if key not in NARROWED):
        return False
    for key in ("require", "always"):
        demanded = over.get(key) or []
        if any(not any(_implies(new, old) for new in demanded) for old in base.get(key) or []):
            return False
    for key in ("eventually", "reachable"):
        if key in base and any(one not in base[key] for one in over.get(key) or []):
            return False
    return bool(base.get("bounded") != "true" or over.get("bounded") == "true")


def _implies(new: Any, old: Any) -> bool:
    """Say whether a requirement that is met makes another one met: the same, or fewer values, or a smaller age."""
    if new == old:
        return True
    if not (isinstance(new, dict) and isinstance(old, dict)) or new.get("form") != old.get("form") or "form" not in old:
        return False
    for key in old:
        if key == "where":
            if any(not _values(new.get("where", {}).get(name)) <= _values(old["where"][name]) for name in old["where"]):
                return False
            if any(name not in new.get("where", {}) for name in old["where"]):
                return False
        elif key == "not_older_than":
            if _days(new.get(key)) > _days(old[key]):
                return False
        elif new.get(key) != old[key]:
            return False
    return True


def _values(written: Any) -> set[str]:
    return set(written) if isinstance(written, list) else {str(written)}


def _days(written: Any) -> float:
    number, _, unit = str(written).partition(" ")
    return int(number) * (7 if unit.startswith("week") else 1) if number.isdigit() else float("inf")


def _list(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _dict(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _removes(node: Node) -> bool:
    mark = node.child("remove")
    return mark is not None and mark.value == "true"


def _id_of(node: Node) -> str:
    named = node.child("id") or node.child("use")
    return str(named.value) if named is not None else ""


def _form_of(node: Node) -> str:
    named = node.child("form")
    return str(node.value if named is None else named.value)


def _with(root: Node, key: str, value: Node) -> Node:
    return Node({**_dict(root), key: value}, root.spot, root.keys)
