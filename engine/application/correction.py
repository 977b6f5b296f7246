"""A mistaken record, or the latest action, set right by a new entry; nothing is erased.

Refused: a correction that would undo a departure (an `irreversible` action), and one of a move on which somebody has acted since.
Everybody who has been told of the case hears that something was corrected, as far as they may be told.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.application.casework import Casework, Loaded, Moved, Refused
from engine.application.change import Did, change_of
from engine.application.facts import Correction, Payload, open_payload
from engine.application.past import launched_on, moves_that_count
from engine.application.ports import Cipher, Entry, Store
from engine.application.procedures import Procedures
from engine.cases.case import Facts
from engine.cases.decide import Refusal, Unmet, begun, roles_of
from engine.cases.effects import CancelMessages, Effect, Notify
from engine.cases.migrate import rebuild
from engine.cases.replay import Replayed, standing
from engine.cases.sharing import why_not_told
from engine.cases.view import CaseView
from engine.clock import Clock
from engine.errors import UnknownName
from engine.sop.compile import CompiledAction, CompiledSop
from engine.values import MessageKind


class Corrections:
    """Sets mistakes right."""

    def __init__(self, store: Store, cipher: Cipher, procedures: Procedures, casework: Casework, clock: Clock) -> None:
        self._store, self._cipher, self._procedures = store, cipher, procedures
        self._casework, self._clock = casework, clock

    def correct(self, ref: str, seq: int, why: str, actor: str) -> Moved:
        """Let entry `seq` of a case count no more, for the reason `why`.

        Raises:
            UnknownName: there is no such entry.
            Refused: it can't be corrected; says why.
        """
        loaded = self._casework.load(ref)
        entries = self._store.history(loaded.case.ref)
        wrong = next((entry for entry in entries if entry.seq == seq), None)
        if wrong is None:
            raise UnknownName(f"The history of {loaded.case.ref} has no entry {seq}; it has {len(entries)}.")
        payloads = {one.seq: open_payload(self._cipher, one.ref, one.seq, one.payload).move for one in entries}
        gone = {move.seq for move in payloads.values() if isinstance(move, Correction)}
        self._may_be_corrected(loaded, entries, wrong, gone, actor)
        moves = moves_that_count(self._store, self._cipher, entries, without=seq)
        case, versions = loaded.case, self._procedures.compiled
        first = versions(launched_on(moves, case.version))
        start = begun(first, case.ref, case.destination, case.origin, case.launched_at)
        answer = rebuild(versions, start, Facts(loaded.facts.calendars), moves)
        if isinstance(answer, tuple):
            later = next(one for one in entries if one.seq == answer[0])
            raise _refused(f"Somebody has acted on it since: {later.name} (entry {later.seq}) rests on it.")
        return self._commit(loaded, answer, wrong, why, actor)

    def _may_be_corrected(
        self, loaded: Loaded, entries: Sequence[Entry], wrong: Entry, gone: set[int], actor: str
    ) -> None:
        """Raise Refused unless the entry is a record or the latest action, still counts, and is the actor's to mend."""
        roles = roles_of(loaded.sop, loaded.case, actor)
        if wrong.seq in gone:
            raise _refused("It was corrected before.")
        if not roles:
            raise _refused(f'"{actor}" is no party of this case.')
        if wrong.role and wrong.role not in roles and wrong.actor != actor:
            raise _refused(f"Only this role may correct it: {wrong.role}.")
        if wrong.move == "record":
            return
        if wrong.move not in ("action", "breach"):
            raise _refused("Only a record or an action can be corrected.")
        since = [
            one
            for one in entries
            if one.seq > wrong.seq and one.move not in ("wake", "acknowledge", "correct", "recount")
        ]
        if since:
            raise _refused(f"Somebody has acted since: {since[-1].name} (entry {since[-1].seq}).")
        entered = set(wrong.to_steps) - set(wrong.from_steps)
        taken_up = [slot.partition(" ")[0] for slot in loaded.case.acknowledged if slot.partition(" ")[0] in entered]
        if taken_up:
            raise _refused(f"Somebody has acted since: {taken_up[0]} has been acknowledged.")
        if any(action.model.irreversible for action in _actions(loaded.sop, wrong)):
            raise _refused("A departure can't be undone by a correction.")

    def _commit(self, loaded: Loaded, answer: Replayed, wrong: Entry, why: str, actor: str) -> Moved:
        now, before = self._clock.now(), loaded.case
        view = CaseView(answer.case, answer.facts, now)
        withheld = {role: why_not_told(loaded.sop, role, view) for role in answer.case.parties}
        was = CaseView(before, loaded.facts, now)
        # The mistake may have opened the border: what waits in the outbox may no longer leave. Or it may have kept it shut.
        gone = [role for role, why in withheld.items() if why and not why_not_told(loaded.sop, role, was)]
        turns = {
            role: step
            for role, step in before.withheld.items()
            if role not in answer.case.withheld and step in answer.case.steps() and not withheld.get(role, "gone")
        }
        case = msgspec.structs.replace(answer.case, seq=before.seq + 1, told=before.told | turns.keys())
        effects: tuple[Effect, ...] = (
            *standing(answer.effects, now),
            *(CancelMessages(role) for role in sorted(gone)),
            *(Notify(MessageKind.YOUR_TURN, role, step, "your_turn") for role, step in turns.items()),
            *(
                Notify(MessageKind.FOR_INFORMATION, role, case.main, "correction", withheld[role])
                for role in sorted(before.told & withheld.keys())
            ),
        )
        did = Did(actor, wrong.role, "correct", wrong.name, before.steps())
        payload = Payload(Correction(wrong.seq, actor), why)
        change = change_of(
            self._cipher, loaded.stored, case, answer.facts, effects, did, payload, now, all_ended=True
        )  # fmt: skip
        self._store.commit(change)
        return Moved(case.ref, case.seq, wrong.name, case.steps(), case.outcome)


def _actions(sop: CompiledSop, entry: Entry) -> list[CompiledAction]:
    """Return the actions that an entry of the history can mean."""
    own = [
        action for step in entry.from_steps for name, action in sop.steps[step].actions.items() if name == entry.name
    ]
    return own + [action for name, action in sop.everywhere.items() if name == entry.name]


def _refused(text: str) -> Refused:
    return Refused("This entry can't be corrected.", Refusal("correction", (Unmet(None, text),)))
