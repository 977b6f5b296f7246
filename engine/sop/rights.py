"""Writes docs/reference/rights.md: the rights that all shipped procedures share, and the rules of the engine behind some."""

from __future__ import annotations

from collections.abc import Mapping

from engine.settings import DEFINITIONS
from engine.sop.requirements import words
from engine.sop.rules import RULES, Rule
from engine.sop.shared import Shared
from engine.sop.shelf import Shelf

_HEAD = """\
# The rights

Every shipped procedure takes these up, or says why one does not apply. Each stands in a file of `sop_definitions/safeguards/`;
how such a file is written: [safeguards.md](safeguards.md), "Shared safeguards". "Evidence" says how we came to know of it: found
(read in a copy of the source), known (not read again; to be verified by a lawyer), common practice (no source found), assumption
(ours).

<!-- made by `python -m engine.sop.rights > docs/reference/rights.md`; a test compares -->
"""

_RULES = """
## Rules of the engine

What protects people in every procedure, whatever its file says. A right names them in `enforced_by`.

| rule | what it says | enforced in | proved by |
|---|---|---|---|
"""


def reference(shared: Mapping[str, Shared]) -> str:
    """Return the page of all rights."""
    return _HEAD + "".join(map(_section, shared.values())) + _RULES + "".join(map(_row, RULES))


def _section(one: Shared) -> str:
    right = one.right
    lines = [f"\n## {one.name}: {words(right.title or {}, 'en')}\n"]
    lines.append(f"Evidence: {', '.join(kind.replace('_', ' ') for kind in right.evidence) or 'not said'}.")
    if right.enforced_by:
        lines.append(f"Enforced by the engine: {', '.join(f'`{rule.rule}`' for rule in right.enforced_by)}.")
    for text in right.undecidable:
        lines.append(f"What no procedure can prove: {words(text, 'en')}")
    lines.append("")
    lines += [f"- `{name}`: {_title(one, name)}" for name in one.statements]
    return "\n".join(lines) + "\n"


def _title(one: Shared, name: str) -> str:
    title = one.statements[name].child("title")
    english = title.child("en") if title is not None else None
    return str(english.value) if english is not None else ""


def _row(rule: Rule) -> str:
    known = RULES[rule]
    enforced, proved = (", ".join(f"`{each}`" for each in some) for some in (known.enforced_by, known.proved_by))
    return f"| `{rule}` | {known.says} | {enforced} | {proved} |\n"


if __name__ == "__main__":
    print(reference(Shelf.of(DEFINITIONS)[0].safeguards), end="")
