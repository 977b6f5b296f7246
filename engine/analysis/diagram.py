"""A procedure as a picture: Mermaid's state diagram, from the table that runs.

Strands are drawn side by side in their step, lines alongside beside the main one, and what is open everywhere as a note, so that
it does not draw an arrow from every step. Titles are in one language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.sop import model as m
from engine.sop.requirements import words
from engine.values import Text


def mermaid(sop: m.Sop, language: str) -> str:
    """Return the diagram of `sop` as text for Mermaid (stateDiagram-v2)."""
    lines = ["stateDiagram-v2", f"  %% {_plain(sop.title, language)}", "  direction TB"]
    lines += _line(sop.start, sop.steps, language, 1)
    for name, strand in sop.alongside.items():
        lines.append(f'  state "{_plain(strand.title, language) if strand.title else name}" as {name}__line {{')
        lines += _line(strand.start, strand.steps, language, 2)
        lines.append("  }")
    lines += _everywhere(sop, language)
    return "\n".join(lines) + "\n"


def _line(start: str, steps: Mapping[str, m.Step], language: str, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for name, step in steps.items():
        yield f'{pad}state "{_plain(step.title, language)}" as {name}'
    for name, step in steps.items():
        if step.strands:
            yield f"{pad}state {name} {{"
            for number, strand in enumerate(step.strands.values()):
                if number:
                    yield f"{pad}  --"
                yield from _line(strand.start, strand.steps, language, depth + 1)
            yield f"{pad}}}"
    yield f"{pad}[*] --> {start}"
    for name, step in steps.items():
        for action, declared in step.actions.items():
            target = name if declared.to in (m.STAY, m.RESUME) else declared.to
            yield f"{pad}{name} --> {target}: {_action(action, declared, language)}"
        if step.reopens is not None:
            yield f"{pad}{name} --> {step.reopens.to}: {'rouvrir' if language == 'fr' else 'reopen'}"
        if step.end is not None:
            yield f"{pad}{name} --> [*]"


def _everywhere(sop: m.Sop, language: str) -> Iterator[str]:
    if not sop.everywhere:
        return
    yield f"  note right of {sop.start}"
    yield f"    {'Possible partout' if language == 'fr' else 'Open everywhere'}"
    for name, action in sop.everywhere.items():
        target = sop.steps.get(action.to)
        leads = f" → {_plain(target.title, language)}" if target is not None else ""
        yield f"    {_action(name, action, language)}{leads}"
    yield "  end note"


def _action(name: str, action: m.Action, language: str) -> str:
    said = _plain(action.title, language) if action.title else name.replace("_", " ")
    return f"⏱ {said}" if action.automatic is not None else said


def _plain(text: Text, language: str) -> str:
    """Write a title so that no character of it means anything to Mermaid."""
    said = words(text, language)
    for character, instead in (("#", "#35;"), (";", "#59;"), ('"', "#quot;"), (":", "#58;"), ("{", "("), ("}", ")")):
        said = said.replace(character, instead) if character != ";" else said.replace("; ", ", ")
    return " ".join(said.split())
