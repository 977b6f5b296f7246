"""The rules of the engine that protect people in every procedure, whatever its file says: a closed vocabulary.

A shared safeguard names in `enforced_by` the rules that it rests upon. Each rule points to what enforces it and to the tests that
prove it; a test sees that both are there. Nothing is enforced here. Terms: docs/glossary.md, "engine rule".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Rule(StrEnum):
    """What a shared safeguard may name in `enforced_by`."""

    SHARE_WHEN = "share_when"
    SEEING_IS_SHARING = "seeing_is_sharing"
    WITHDRAWAL_CANCELS = "withdrawal_cancels"
    SILENCE_DURING_A_CLAIM = "silence_during_a_claim"
    MESSAGES_NAME_NOBODY = "messages_name_nobody"


@dataclass(frozen=True, slots=True)
class EngineRule:
    """One rule: what it says, what enforces it (`module:name`), and the tests that prove it (`file::test`)."""

    says: str
    enforced_by: tuple[str, ...]
    proved_by: tuple[str, ...]


_MEANING: Final = "tests/cases/test_exact_meaning.py::"
_DECIDE: Final = "tests/cases/test_decide.py::"
_WORDS: Final = "tests/notifications/test_render.py::"
_DEMO: Final = "tests/journeys/test_demo.py::"

RULES: Final[Mapping[Rule, EngineRule]] = {
    Rule.SHARE_WHEN: EngineRule(
        "Nothing is told to the other side, to an authority or a consulate while share_when does not hold for that role.",
        ("engine.cases.sharing:why_withheld", "engine.cases.draft:Draft", "engine.cases.remind:notices"),
        (
            _MEANING + "test_sharing_is_read_after_the_actions_sets_and_voids",
            _MEANING + "test_a_new_actor_is_told_only_as_far_as_consent_goes",
            _DEMO + "test_nothing_goes_abroad_before_the_person_consents_to_sharing",
        ),
    ),
    Rule.SEEING_IS_SHARING: EngineRule(
        "A case is shown only to whom it may be told at that moment.",
        ("engine.cases.sharing:may_see",),
        (
            _MEANING + "test_a_case_is_shown_only_to_whom_it_may_be_told",
            "tests/application/test_sweep.py::test_a_case_is_on_the_list_of_those_who_may_see_it",
        ),
    ),
    Rule.WITHDRAWAL_CANCELS: EngineRule(
        "When consent goes, what is queued for those it covered is cancelled and leaves only if consent is given again.",
        ("engine.cases.effects:CancelMessages", "engine.cases.draft:Draft"),
        (
            _DECIDE + "test_what_is_queued_is_cancelled_when_consent_goes",
            _MEANING + "test_what_was_cancelled_before_it_left_is_sent_when_consent_is_back",
        ),
    ),
    Rule.SILENCE_DURING_A_CLAIM: EngineRule(
        "While an asylum claim is pending not even the word to stop reaches an authority or a consulate.",
        ("engine.cases.draft:Draft",),
        (_MEANING + "test_stop_reaches_those_already_told_and_no_consulate_during_a_claim",),
    ),
    Rule.MESSAGES_NAME_NOBODY: EngineRule(
        "No message says anything about the person assisted.",
        ("engine.notifications.words:check_words", "engine.notifications.render:Press"),
        (
            _WORDS + "test_silent_messages_are_the_same_whatever_happened",
            _WORDS + "test_discreet_messages_say_the_reference_and_the_date_and_nothing_else",
            _DEMO + "test_no_message_speaks_of_the_person",
        ),
    ),
}
"""Each rule of the vocabulary, with what stands behind it."""
