"""A variant to start from: a file that extends a procedure, and says in its comments what a designer may change in it.

The file holds only what makes it another procedure; all else stands there as comments, with the names that the base has now.
Text only: nothing is written here. What a variant may do: docs/reference/sop-language.md, "extends".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml
from babel import Locale, UnknownLocaleError

from engine.diagnostics import did_you_mean
from engine.errors import WrongUse
from engine.sop import model as m
from engine.sop.checks.countries import COUNTRIES
from engine.sop.layer import Layer
from engine.sop.load import SopFile
from engine.sop.outline import outline_of
from engine.sop.requirements import words

_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")

_HEAD: Final = """\
# {title}
#
# A variant of {base}: all of it holds here, but for what is said below. Check it after each change:
#   passerelle sop check {path}
#   passerelle sop diff {base_path} {path}
#
# How a variant says what differs (docs/reference/sop-language.md, "extends"):
#   - a key below another is merged into the base's; a list takes the place of the base's list
#   - `remove: true` takes out a step, an action or a role that nothing needs
#   - `share_when`, what recording a form asks for, and safeguards can only be added to, or made stronger
"""

_ROLES: Final = """\
# Who acts here. Name the institution as people in this corridor know it; its side stays, and what kind of body it is.
# The roles of {base}:
{listed}
#
# roles:
#   {role}:
#     title: {{{titles}}}
"""

_DUE: Final = """\
# Deadlines. Where the law of these countries gives another time, say it, with its source:
{listed}
#
# steps:
#   {step}:
#     due:
#       within: {within}
#       basis: {{strength: assumption, note: To be confirmed by a lawyer.}}
"""

_SAFEGUARDS: Final = """\
# Safeguards. The {count} of {base} hold here too. One more, or one that asks for more under the id it has there:
#
# safeguards:
#   - {{id: {id}, title: {{en: In words, fr: En mots}}, from: any, reachable: [{ends}]}}
"""


def new_variant(
    id: str, base: SopFile, destination: Sequence[str], origin: Sequence[str], path: str, layers: Sequence[Layer] = ()
) -> str:
    """Return the text of a variant of `base` for these countries (all of the base's where none is given).

    A side that has a layer goes where the layer says, and its countries are not written a second time.

    Raises:
        WrongUse: the id is not written like one, a country is none, or a layer is of another country than is named.
    """
    if not _ID.fullmatch(id):
        raise WrongUse(f'"{id}" is no id: small letters, digits and dashes, a letter first, e.g. adult-return-fr-al')
    for country in (*destination, *origin):
        if country not in COUNTRIES:
            raise WrongUse(f'"{country}" is no country', [did_you_mean(country, sorted(COUNTRIES), "countries")])
    sop = base.sop
    laid = {side: sorted({one.country for one in layers if one.side == side}) for side in ("destination", "origin")}
    for side, chosen in (("destination", destination), ("origin", origin)):
        if len(laid[side]) > 1 or (laid[side] and chosen and list(chosen) != laid[side]):
            named = ", ".join(dict.fromkeys([*laid[side], *chosen]))
            raise WrongUse(f"On the side of {side} there is one country where a layer is laid on, not {named}.")
    goes = [laid[side] or chosen for side, chosen in (("destination", destination), ("origin", origin))]
    titles = {language: _titled(text, language, *goes) for language, text in sop.title.items()}
    parts = [
        _HEAD.format(title=words(titles, "en"), base=sop.sop, base_path=Path(base.file).name, path=path),
        f"sop: {id}\nextends: {sop.sop}\n{_laid(layers)}title: {_flow(titles)}\n"
        + _countries(sop, destination, origin, layers),
        _roles(sop),
        _due(base),
        _SAFEGUARDS.format(
            count=len(sop.safeguards), base=sop.sop, id=f"{id}-own",
            ends=", ".join([name for name, step in sop.steps.items() if step.end is not None][:2]),
        ),
    ]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _titled(text: str, language: str, destination: Sequence[str], origin: Sequence[str]) -> str:
    if not destination and not origin:
        return text
    corridor = " → ".join(", ".join(_country(one, language) for one in side) for side in (destination, origin) if side)
    return f"{text} ({corridor})"


def _country(code: str, language: str) -> str:
    try:
        return str(Locale.parse(language).territories.get(code, code))
    except (UnknownLocaleError, ValueError):
        return code


def _laid(layers: Sequence[Layer]) -> str:
    return f"layers: [{', '.join(one.layer for one in layers)}]\n" if layers else ""


def _countries(sop: m.Sop, destination: Sequence[str], origin: Sequence[str], layers: Sequence[Layer]) -> str:
    lines = []
    for key, chosen, known in (("destination", destination, sop.destination), ("origin", origin, sop.origin)):
        if any(one.side == key for one in layers):
            continue
        if not chosen:
            lines.append(f"# {key}: [{', '.join(known)}]   # as in {sop.sop}; fewer, or others")
            continue
        new = [one for one in chosen if one not in known]
        note = f"   # {', '.join(new)}: not among the countries of {sop.sop}; see that every rule fits" if new else ""
        lines.append(f"{key}: [{', '.join(chosen)}]{note}")
    return "".join(f"{line}\n" for line in lines)


def _roles(sop: m.Sop) -> str:
    name, role = next(iter(sop.roles.items()))
    listed = _listed(f"{one.side}: {key} ({words(one.title, 'en')})" for key, one in sop.roles.items())
    return _ROLES.format(base=sop.sop, listed=listed, role=name, titles=_flow(role.title)[1:-1])


def _due(base: SopFile) -> str:
    """List the deadlines of the main line; a procedure without any gets no such part."""
    due = {
        spot.name: spot.step.due.within
        for spot in outline_of(base.sop, base.shelf.forms).spots
        if spot.parent is None and spot.path[:1] == ("steps",) and spot.step.due is not None and spot.step.due.within
    }
    if not due:
        return ""
    name, within = next(iter(due.items()))
    return _DUE.format(listed=_listed(f"{step}: {length}" for step, length in due.items()), step=name, within=within)


def _listed(said: Iterable[str]) -> str:
    return "\n".join(f"#   {one}" for one in said)


def _flow(titles: Mapping[str, str]) -> str:
    """Write titles as a mapping in one line, each in quotes where it needs them."""
    written: str = yaml.safe_dump(
        dict(titles), allow_unicode=True, default_flow_style=True, width=2**31, sort_keys=False
    )
    return written.strip()
