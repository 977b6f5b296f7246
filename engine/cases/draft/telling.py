"""Who is told of a move: whose turn it is, who is informed, from whom word is withheld, and what of it is made up for later.

What may go to whom at a moment is `engine.cases.sharing`'s. Rules: "Exact meaning" 8 of docs/reference/sop-language.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from engine.cases.draft.timing import Timing
from engine.cases.effects import CancelMessages, Notify
from engine.cases.sharing import EVERYBODY, MUTED, hold, is_muted, why_not_told, why_withheld
from engine.cases.view import CaseView
from engine.sop import model as m
from engine.values import Kind, MessageKind, Side, Value

ASYLUM = "asylum_pending"
"""The fact that bars every word to authorities and consulates while it is true (Directive 2013/32/EU, art. 30)."""


class Telling(Timing):
    """A case of whose moves people are told."""

    def acting(self, role: str, actor: str) -> None:
        """Note from which side of the border word goes out: the acting role's, else the one of whoever speaks for it.

        The system, like a coordinator who is no party, stands on the side of the destination.
        """
        own = sorted(name for name, party in self.parties.items() if party == actor)
        for name in (role, *own):
            known = self.sop.sop.roles.get(name)
            if known is not None and known.side in (Side.DESTINATION, Side.ORIGIN):
                self._side = known.side
                return

    def turn_at(self, step: str, roles: Iterable[str]) -> None:
        """Tell these roles that it is their turn at a step."""
        for role in roles:
            self._turn.setdefault(role, (step, "your_turn"))

    def turn_over(self, role: str) -> None:
        """Tell a new actor of the steps that wait for its role."""
        for step in self.active():
            if role in self.sop.steps[step].model.responsible and not self.sop.steps[step].idle:
                self._turn.setdefault(role, (step, "your_turn"))

    def inform(self, tell: Sequence[m.Tell], step: str) -> None:
        """Note whom the action's `tell` names."""
        for one in tell:
            if one.without_consent is not None:
                self._unasked.add(one.role)
            self._inform[one.role] = (step, "stop" if one.as_ == "stop" else "for_information")

    def heard(self, told: Iterable[str], withheld: Iterable[tuple[str, str]]) -> None:
        """Note whom a reminder or an escalation has told of the case, and from whom one was withheld."""
        self._told.update(told)
        for role, step in withheld:
            self._withheld.setdefault(role, step)

    def mute(self, role: str, off: bool) -> None:
        """Let nobody contact a role (empty: anybody) from now on; or let it be told again, and hear what waits for it."""
        before = self._muted.copy()
        self._muted.symmetric_difference_update({role})
        if not off:
            concerned = self.parties if role == EVERYBODY else [role]
            self.silence(one for one in concerned if not before & {one, EVERYBODY})

    def silence(self, roles: Iterable[str]) -> None:
        """Let what is queued for these roles stay here: they may no longer be told; it counts as withheld."""
        view = self.view()
        for role in roles:
            self.effects.append(CancelMessages(role))
            step = self._waits_for(role, view)
            if step is not None:
                self._withheld.setdefault(role, step)

    def settle(self, fields: Mapping[str, Value] | None = None) -> None:
        """Decide who is told, withhold what consent does not cover, and set when time alone may change something.

        `fields`: of the form that was recorded, if the move is a record.
        """
        self._lapse()
        for step in self._new:
            compiled = self.sop.steps[step]
            # Where a line alongside idles there is nothing to do yet.
            for role in () if compiled.idle else compiled.model.responsible:
                self._turn.setdefault(role, (step, "your_turn"))
        self._tell_the_side_left()
        if self._outcome is not None and self._old.outcome is None:
            for role in sorted(self._told):
                self._inform.setdefault(role, (self._main, "closed"))
        view = self.view()
        self._look_ahead(view)
        wake = self._announce(view)
        if self._unshares:
            self._cancel_unshared(view)
        self._release(view)
        for role, (step, template) in self._turn.items():
            self._notify(MessageKind.YOUR_TURN, role, step, template, view)
        for role, (step, template) in self._inform.items():
            if role not in self._turn or template == "stop":
                self._notify(MessageKind.FOR_INFORMATION, role, step, template, view)
        self._wake_at(wake)
        if self.sop.watched:
            self._watch(fields or {})

    def _tell_the_side_left(self) -> None:
        roles = self.sop.sop.roles
        sides = {roles[role].side for step in self._new for role in self.sop.steps[step].model.responsible}
        if not sides:
            return
        for step in self._left:
            for role in self.sop.steps[step].model.responsible:
                if roles[role].side not in sides:
                    self._inform.setdefault(role, (self._new[0], "for_information"))

    def _announce(self, view: CaseView) -> datetime | None:
        """Tell of each action that has become allowed, once; answers when the next wait is over.

        Not of everywhere, idle, environment and reopen actions.
        """
        wake: datetime | None = None
        for step in self.active():
            for action in self.sop.steps[step].announced:
                if action.key in self._offered:
                    continue
                if hold(action.guards, view):
                    self._offered.add(action.key)
                    for role in action.model.by:
                        known = self.sop.sop.roles.get(role)
                        if known is not None and known.side is not Side.PERSON:
                            self._turn.setdefault(role, (step, "allowed"))
                    continue
                for over in self._ends_of_waits(action):
                    if over > self.now and (wake is None or over < wake):
                        wake = over
        return wake

    def _notify(self, kind: MessageKind, role: str, step: str, template: str, view: CaseView) -> None:
        if role not in self.parties:
            return
        if template == "stop":
            if self._may_be_stopped(role):
                self.effects.append(Notify(kind, role, step, template, MUTED if is_muted(view.case, role) else ""))
            return
        withheld = self._why_withheld(role, view)
        if role in self._unasked and withheld != MUTED:
            withheld = ""
        if withheld:
            if kind is MessageKind.YOUR_TURN:
                self._withheld[role] = step
        else:
            self._told.add(role)
            self._withheld.pop(role, None)
        self.effects.append(Notify(kind, role, step, template, withheld))

    # ── Who may be told ───────────────────────────────────────────────────────────────────────────────────────────────

    def _may_be_stopped(self, role: str) -> bool:
        """Only who was told can be asked to stop; no authority or consulate while an asylum claim is pending."""
        official = self.sop.sop.roles[role].kind in (Kind.AUTHORITY, Kind.CONSULATE)
        return role in self._told and not (official and self._attributes.get(ASYLUM) is True)

    def _why_withheld(self, role: str, view: CaseView) -> str:
        return why_not_told(self.sop, role, view, self._side)

    def _cancel_unshared(self, view: CaseView) -> None:
        """What is queued for somebody whose consent has just gone may no longer leave; it counts as withheld."""
        before = CaseView(self._old, self._old_facts, self.now)
        self.silence(
            role
            for role in sorted(self._told & self.parties.keys())
            if why_withheld(self.sop, role, view) and not why_withheld(self.sop, role, before)
        )

    def _release(self, view: CaseView) -> None:
        """Tell what was withheld, once it may be told whoever asks, and while something still waits for the role."""
        for role in list(self._withheld):
            if not self._why_withheld(role, view) and not why_withheld(self.sop, role, view):
                del self._withheld[role]
                step = self._waits_for(role, view)
                if step is not None:
                    self._turn.setdefault(role, (step, "your_turn"))

    def _waits_for(self, role: str, view: CaseView) -> str | None:
        """Return the first step where it is this role's turn: it is responsible, or may take an action that was announced."""
        for step in self.active():
            compiled = self.sop.steps[step]
            if role in compiled.model.responsible and not compiled.idle:
                return step
            for action in compiled.announced:
                if role in action.by and action.key in self._offered and hold(action.guards, view):
                    return step
        return None
