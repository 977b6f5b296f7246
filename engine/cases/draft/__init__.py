"""A case in the making: what one move changes, and whom it concerns.

A `Draft` is made for one decision and thrown away. It leaves and enters steps, keeps the memory that requirements read, sets
and ends deadlines, and at the end (`settle`) decides who is told. It is built in layers, of which each knows only those before:

    Standing   where the case stands and what is known of it, as far as the move has come
    Timing     its clocks: set, moved, stopped and ended
    Telling    who is told, who is not, and why
    Draft      the changes themselves: facts, records, parties, steps

Rules: "Exact meaning" 3 to 9 of docs/reference/sop-language.md.
"""

from __future__ import annotations

from engine.cases.draft.moving import Draft
from engine.cases.draft.standing import active_steps
from engine.cases.draft.telling import ASYLUM

__all__ = ["ASYLUM", "Draft", "active_steps"]
