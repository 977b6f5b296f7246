"""What a check is, and the small procedure that every check's examples are made from.

A check takes a loaded procedure and gives diagnostics; it neither raises nor prints, and says each cause once. Its two
examples are run by the tests: the bad one is told this code and no other error, the good one nothing at all. Examples are
fragments; `procedure` puts one into the skeleton, so that only what matters is on the page.

Rendered for designers in docs/reference/checks.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean
from engine.sop.load import SopFile
from engine.sop.mentions import Mention, mentions
from engine.sop.outline import Outline, outline_of


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong with a procedure.

    `severity` is the most severe it can say; `reason` says in one breath why it matters to a person; `bad` and `good` are
    fragments of a procedure (see `procedure`).
    """

    code: str
    title: str
    reason: str
    severity: Severity
    bad: str
    good: str
    run: Callable[[SopFile], Iterable[Diagnostic]]

    def __call__(self, file: SopFile) -> Iterable[Diagnostic]:
        return self.run(file)


def outline(file: SopFile) -> Outline:
    """Return the outline of a loaded procedure (drawn once, shared by all checks)."""
    return outline_of(file.sop, file.shelf.forms)


_latest: tuple[Outline, tuple[Mention, ...]] | None = None


def named(file: SopFile) -> tuple[Mention, ...]:
    """Return every name the procedure mentions (collected once, shared by all checks)."""
    global _latest
    drawn = outline(file)
    known = _latest
    if known is not None and known[0] is drawn:
        return known[1]
    found = tuple(mentions(drawn))
    _latest = (drawn, found)
    return found


def place(file: SopFile, mention: Mention) -> Place:
    """Return where a mention stands: the key itself where the name is a key, else the value."""
    return file.marks.key(mention.path) if mention.key else file.marks.value(mention.path)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A name that means nothing where it stands: the end of the sentence about it, and a hint that is asked for once."""

    mention: Mention
    end: str
    hint: Callable[[], str]


def once(code: str, file: SopFile, wrong: Iterable[Wrong]) -> Iterator[Diagnostic]:
    """Give one diagnostic for each cause: at the first place in the file, with the others beside it."""
    causes: dict[str, list[tuple[Place, Wrong]]] = {}
    for one in wrong:
        causes.setdefault(one.end, []).append((place(file, one.mention), one))
    for end, told in causes.items():
        (at, first), *others = sorted(told, key=lambda one: (one[0].file != file.file, one[0]))
        also = tuple(other for other, _ in others)
        yield Diagnostic(code, f"{first.mention.saying} {end}", at, first.hint(), also=also)


def unknown(
    code: str, file: SopFile, found: Iterable[Mention], known: Sequence[str], what: str
) -> Iterator[Diagnostic]:
    """Give one diagnostic for each word that is not among the known names (nor the words allowed there)."""
    names = frozenset(known)
    wrong = (one for one in found if one.word not in names and one.word not in one.words)
    return once(code, file, (missing(one, known, what) for one in wrong))


def missing(mention: Mention, known: Sequence[str], what: str) -> Wrong:
    """Say of a word that nothing is called so; the hint names the nearest there is."""
    return Wrong(mention, f'"{mention.word}", which does not exist', partial(did_you_mean, mention.word, known, what))


SKELETON: Final = """\
sop: example
title: {en: An example, fr: Un exemple}
destination: [FR]
origin: [AL]
roles:
  case_manager: {side: destination, title: {en: Case manager, fr: Référent}}
  receiving_worker: {side: origin, title: {en: Receiving worker, fr: Référent d'accueil}}
facts:
  adult: {type: boolean, title: {en: Adult, fr: Majeur}}
share_when:
  - {form: consent.sharing, for: {role: receiving_worker, purpose: support}, where: {decision: given}}
start: counselling
steps:
  counselling:
    phase: decision
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""
"""The procedure into which an example's fragment is put."""

FORMS: Final = {
    "consent": """\
form: consent
title: {en: Consent, fr: Consentement}
parts:
  return:
    title: {en: To return, fr: Au retour}
    fields:
      decision:
        type: choice
        title: {en: Decision, fr: Décision}
        choices: {given: {en: Given, fr: Donné}, refused: {en: Refused, fr: Refusé}}
  sharing:
    title: {en: To sharing, fr: Au partage}
    keyed: {purposes: {support: {en: Support, fr: Soutien}}}
    fields:
      decision:
        type: choice
        title: {en: Decision, fr: Décision}
        choices: {given: {en: Given, fr: Donné}, refused: {en: Refused, fr: Refusé}}
      ends_on: {type: date, required: false, title: {en: Ends on, fr: Prend fin le}}
""",
    "risk": """\
form: risk
title: {en: Risk assessment, fr: Évaluation des risques}
fields:
  decision:
    type: choice
    title: {en: Decision, fr: Décision}
    choices: {safe: {en: Safe, fr: Sûr}, unsafe: {en: Not safe, fr: Pas sûr}}
  place: {type: text, title: {en: Place, fr: Lieu}}
""",
    "travel": """\
form: travel
title: {en: Travel, fr: Voyage}
fields:
  departs_on: {type: date, title: {en: Departure, fr: Départ}}
  escort: {type: boolean, title: {en: Escort, fr: Escorte}}
""",
}
"""The forms that the examples speak of."""

SAFEGUARDS: Final[Mapping[str, str]] = {
    "always-a-way-out": """\
id: always-a-way-out
title: {en: Every case can end, fr: Tout dossier peut s’achever}
from: any
reachable: $ends
""",
}
"""The shared safeguards that the examples may take up."""

DOCUMENTS: Final = frozenset({"eu-directive-2011-36"})
"""The documents that the examples point to."""

_BLOCK = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def procedure(fragment: str) -> str:
    """Return a complete small SOP: the skeleton, its top-level keys replaced by those of the fragment."""
    blocks = {block.partition(":")[0]: block for block in _BLOCK.split(SKELETON) if block}
    for block in _BLOCK.split(fragment):
        if block:
            blocks[block.partition(":")[0]] = block if block.endswith("\n") else block + "\n"
    return "".join(blocks.values())
