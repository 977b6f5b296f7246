"""`sop check --explain`: what guards each safeguard and what each requirement guards, as text and as plain values.

Also what is known of the shared rights that a procedure takes up: how each came to be known, which rules of the engine enforce it,
and what of it no procedure can prove.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.analysis.explanation import Explanation, Site
from engine.analysis.model_check import Verdict
from engine.analysis.report import flow
from engine.application.procedures import Checked
from engine.diagnostics import Place
from engine.sop.load import SopFile
from engine.sop.model import Safeguard
from engine.sop.requirements import words
from engine.sop.rules import RULES
from engine.sop.uses import TakenUp


def say_rights(file: SopFile) -> Iterator[str]:
    """Yield in a few lines what a procedure does with the shared rights."""
    rights = _rights(file)
    if not rights and not file.sop.not_applicable:
        return
    declined = f", {len(file.sop.not_applicable)} said not to apply" if file.sop.not_applicable else ""
    yield f"{len(rights)} shared rights taken up{declined}"
    limited = [name for name, (one, *_) in rights.items() if one.shared.right.undecidable]
    if limited:
        yield f"{len(limited)} of them rest in part on what people do and write, which no file can prove: --explain says what"
    bound = [name for name, (one, *_) in rights.items() if one.shared.right.enforced_by]
    if bound:
        yield f"enforced by the engine too: {', '.join(bound)}"


def say_explanation(checked: Checked, explanations: Sequence[Explanation]) -> Iterator[str]:
    """Yield what guards each safeguard, what each requirement guards, and what the shared rights rest on."""
    file = checked.file
    if file is None:
        return
    yield "What guards each safeguard:"
    for one in explanations:
        verdict = "" if one.proof.verdict is Verdict.HOLDS else f" ({one.proof.verdict})"
        yield f"  {one.proof.safeguard.id}{verdict}"
        for guard in one.guards:
            several = len(guard.sites) > 1
            if several:
                yield (
                    "    any one of these suffices:"
                    if guard.is_least
                    else "    all of these (fewer may do; it was not decided):"
                )
            yield from (f"    {'  ' if several else ''}{_line(file, site)}" for site in guard.sites)
        yield f"    {one.how}"
    yield "What each of them guards:"
    for site, guarded in _other_way(file, explanations):
        yield f"  {_line(file, site)}"
        yield from (f"    {id}" + ("" if alone else " (with others)") for id, alone in guarded)
    yield from _limits(file)


def _limits(file: SopFile) -> Iterator[str]:
    if not file.taken and not file.sop.not_applicable:
        return
    yield "What the shared rights rest on:"
    for name, (one, *_) in _rights(file).items():
        right = one.shared.right
        yield f"  {name}: {words(right.title or {}, 'en')} (evidence: {', '.join(right.evidence) or 'not said'})"
        for enforced in right.enforced_by:
            note = f" {words(enforced.note, 'en')}" if enforced.note else ""
            yield f"    by the engine ({enforced.rule}): {RULES[enforced.rule].says}{note}"
        yield from (f"    no procedure can prove: {words(text, 'en')}" for text in right.undecidable)
    yield from (f"  {name}: does not apply: {why}" for name, why in file.sop.not_applicable.items())


def shape_rights(file: SopFile) -> dict[str, object]:
    """Return the shared rights of a procedure as plain values: those taken up, and those said not to apply."""
    return {
        "rights": [
            {
                "id": name,
                "title": dict(uses[0].shared.right.title or {}),
                "evidence": [str(one) for one in uses[0].shared.right.evidence],
                "safeguards": [id for one in uses for id in one.safeguards.values()],
                "uses": [_shape(_place(file, one)) for one in uses],
                "enforced_by": [
                    {"rule": str(one.rule), "says": RULES[one.rule].says, "note": dict(one.note or {})}
                    for one in uses[0].shared.right.enforced_by
                ],
                "undecidable": [dict(text) for text in uses[0].shared.right.undecidable],
            }
            for name, uses in _rights(file).items()
        ],
        "not_applicable": dict(file.sop.not_applicable),
    }


def shape_explanation(file: SopFile, explanations: Sequence[Explanation]) -> dict[str, object]:
    """Return what guards what as plain values; of the sites of one guard any one suffices, where `decided`."""
    return {
        "guards": [
            {
                "safeguard": one.proof.safeguard.id,
                "how": one.how,
                "any_of": [[_shape_site(file, site) for site in guard.sites] for guard in one.guards],
                "decided": [guard.is_least for guard in one.guards],
            }
            for one in explanations
        ],
        "requirements": [
            {**_shape_site(file, site), "guards": [{"safeguard": id, "alone": alone} for id, alone in guarded]}
            for site, guarded in _other_way(file, explanations)
        ],
    }


def _place(file: SopFile, taken: TakenUp) -> Place:
    """Return where a procedure takes up a shared safeguard."""
    first = next(iter(taken.safeguards.values()))
    number = next(n for n, one in enumerate(file.sop.safeguards) if isinstance(one, Safeguard) and one.id == first)
    return file.place_of(number)[0]


def _rights(file: SopFile) -> dict[str, list[TakenUp]]:
    found: dict[str, list[TakenUp]] = {}
    for one in file.taken:
        found.setdefault(one.shared.name, []).append(one)
    return dict(sorted(found.items()))


def _other_way(file: SopFile, explanations: Sequence[Explanation]) -> list[tuple[Site, list[tuple[str, bool]]]]:
    """Sort by site: which safeguards it guards, and whether alone; in the order of the file."""
    found: dict[Site, dict[str, bool]] = {}
    for one in explanations:
        for guard in one.guards:
            for site in guard.sites:
                known = found.setdefault(site, {})
                known[one.proof.safeguard.id] = known.get(one.proof.safeguard.id, False) or len(guard.sites) == 1
    ordered = sorted(found, key=lambda site: (file.marks.value(site.path), site.holder))
    return [(site, list(found[site].items())) for site in ordered]


def _line(file: SopFile, site: Site) -> str:
    place = file.marks.value(site.path)
    return f"{place.file}:{place.line} {site.holder} {site.kind}: {_written(file, site)}"


def _written(file: SopFile, site: Site) -> str:
    if site.requirement is not None:
        return flow(site.requirement.model_dump(by_alias=True, exclude_defaults=True, mode="json"))
    return str(site.path[-1]) if isinstance(site.path[-1], str) else _plain(file, site)


def _plain(file: SopFile, site: Site) -> str:
    node = file.marks.root
    for key in site.path:
        child = node.child(key)
        node = child if child is not None else node
    return flow(node.plain())


def _shape(place: Place) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _shape_site(file: SopFile, site: Site) -> dict[str, object]:
    place = _shape(file.marks.value(site.path))
    return {**place, "holder": site.holder, "kind": site.kind, "written": _written(file, site)}
