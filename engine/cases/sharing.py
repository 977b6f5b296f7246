"""Who may be told of a case, or see it: nothing crosses the border, or reaches an official body, while `share_when` fails.

Denied unless granted: where no rule speaks of a role, it hears nothing. Pure. Rules: "Exact meaning" 8 of
docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.cases.case import Case
from engine.cases.view import CaseView
from engine.sop.compile import CompiledSop
from engine.sop.requirements import Guard
from engine.values import Side

EVERYBODY = ""
"""Stands among the muted roles where the whole case is muted."""

NO_RULE = "no rule of share_when speaks of this role"
MUTED = "nobody may contact this role until that is lifted"
NO_CONSENT = "share_when does not hold for this role"


def hold(ready: Iterable[Guard], view: CaseView) -> bool:
    """Whether all these requirements hold."""
    return all(guard.holds(view) for guard in ready)


def why_withheld(sop: CompiledSop, role: str, view: CaseView, side: Side = Side.DESTINATION) -> str:
    """Say why word that goes out from `side` of the border may not reach this role; empty if it may.

    Time and the system stand on the side of the destination, where the case is kept.
    """
    known = sop.sop.roles[role]
    if known.side is Side.PERSON or (known.side is side and role not in sop.official):
        return ""
    ready = sop.share[role]
    if ready is None:
        return NO_RULE
    return "" if hold(ready, view) else NO_CONSENT


def why_not_told(sop: CompiledSop, role: str, view: CaseView, side: Side = Side.DESTINATION) -> str:
    """Say why a role is told nothing at this moment: it is muted, or word may not reach it; empty if it is told."""
    if is_muted(view.case, role):
        return MUTED
    return why_withheld(sop, role, view, side)


def is_muted(case: Case, role: str) -> bool:
    """Whether somebody has said that this role, or anybody of the case, must not be contacted: it would be dangerous."""
    return bool(case.muted) and (role in case.muted or EVERYBODY in case.muted)


def may_see(sop: CompiledSop, roles: Iterable[str], view: CaseView) -> bool:
    """Whether somebody who has these roles in a case may see it: one of them may be told of it at this moment."""
    return any(not why_withheld(sop, role, view) for role in roles)
