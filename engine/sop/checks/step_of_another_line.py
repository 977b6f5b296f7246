"""SOP202: an action leads out of its line, or `stay` or `resume` stands where it means nothing."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, named, outline, place
from engine.sop.load import SopFile
from engine.sop.mentions import Sort
from engine.sop.outline import Kind

_SPECIAL = {
    "stay": '"stay" belongs to everywhere actions; name the step itself to stay and let its deadlines restart',
    "resume": '"resume" belongs to the actions of a step with `pause: true`',
}


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for mention in named(file):
        if mention.sort is not Sort.STEP or mention.word in mention.words:
            continue
        spot = drawn.by_name.get(mention.word)
        if spot is None:
            if mention.word in _SPECIAL:
                message = f'{mention.saying} "{mention.word}", which means nothing here'
                yield Diagnostic("SOP202", message, place(file, mention), _SPECIAL[mention.word])
            continue
        if mention.line is None or spot.name in drawn.lines[mention.line].steps:
            continue
        line = drawn.lines[spot.line]
        home = "the main line" if line.kind is Kind.MAIN else f'"{line.name}"'
        own = ", ".join(sorted(drawn.lines[mention.line].steps)[:12])
        hint = f"an action stays within its line, and everywhere actions lead to steps of the main line; here: {own}"
        yield Diagnostic("SOP202", f'{mention.saying} "{spot.name}", a step of {home}', place(file, mention), hint)


CHECK = Check(
    code="SOP202",
    title="A step of another line",
    reason=(
        "Strands run side by side. A jump from one into another would leave two steps open in one strand and none in the"
        " other, and nobody could say where the case stands."
    ),
    severity=Severity.ERROR,
    bad="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    strands:
      papers:
        start: papers_open
        steps:
          papers_open:
            title: {en: Papers, fr: Papiers}
            responsible: [case_manager]
            actions:
              obtain: {to: papers_there, by: [case_manager]}
              give_up: {to: closed, by: [case_manager]}      # leaves the strand
          papers_there: {end: done, title: {en: Papers there, fr: Papiers obtenus}}
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    good="""\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    strands:
      papers:
        start: papers_open
        steps:
          papers_open:
            title: {en: Papers, fr: Papiers}
            responsible: [case_manager]
            actions:
              obtain: {to: papers_there, by: [case_manager]}
              give_up: {to: papers_given_up, by: [case_manager]}
          papers_there: {end: done, title: {en: Papers there, fr: Papiers obtenus}}
          papers_given_up: {end: given_up, title: {en: Given up, fr: Abandon}}
    actions:
      finish: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
""",
    run=_run,
)
