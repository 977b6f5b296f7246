"""Our few exceptions. The docstring of an error is its message's meaning; a refusal is not among them.

PasserelleError
├── WrongUse            the caller asked for something that does not exist or makes no sense   (exit code 2)
│   └── UnknownName     an unknown case, action, role, form, actor or procedure
├── NotAllowed          the answer is no, with its reasons                                      (exit code 1)
│   └── Conflict        somebody else moved the case first
└── Fault               database, disk, key or network                                          (exit code 3)
    ├── Unreadable      what is kept of one case or desk can't be read; the others can
    └── ChainBroken     an audit chain does not verify
"""

from __future__ import annotations

from collections.abc import Sequence


class PasserelleError(Exception):
    """Base of all; `code` is stable for programs, `details` are sentences for people."""

    code = "error"

    def __init__(self, message: str, details: Sequence[str] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)
        if code is not None:
            self.code = code


class WrongUse(PasserelleError):
    """The request itself is wrong: it names or holds something that cannot be."""

    code = "wrong_use"


class UnknownName(WrongUse):
    """A case, action, role, form, actor or procedure of that name does not exist; the nearest name is hinted."""

    code = "unknown"


class NotAllowed(PasserelleError):
    """The procedure says no; `details` name every unmet requirement and who can meet it."""

    code = "refused"


class Conflict(NotAllowed):
    """Somebody else moved the case between reading and writing; nothing was changed."""

    code = "conflict"


class Fault(PasserelleError):
    """A part of the machinery failed; nothing was half-written."""

    code = "fault"


class Unreadable(Fault):
    """What is kept of one case or desk can't be read; it must not hold up the others."""

    code = "unreadable"


class ChainBroken(Fault):
    """An entry of a case's history does not follow from the one before it."""

    code = "chain_broken"
