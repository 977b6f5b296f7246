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
    WITHDRAWAL_ENDS_SHARING = "withdrawal_ends_sharing"
    SILENCE_DURING_ASYLUM = "silence_during_asylum"
    MESSAGES_NAME_NOBODY = "messages_name_nobody"


@dataclass(frozen=True, slots=True)
class EngineRule:
    """One rule: what it says, the functions that enforce it (`module:name`), and the tests that prove it (`file::test`)."""

    says: str
    enforced_in: tuple[str, ...]
    proved_by: tuple[str, ...]


RULES: Final[Mapping[Rule, EngineRule]] = {}
