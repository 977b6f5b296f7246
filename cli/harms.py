"""What `sop check` and `sop draw` do with a path: keep it as a story, draw it over the procedure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.analysis.diagram import Format, Overlay, draw
from engine.analysis.model_check import Proof
from engine.analysis.report import taken
from engine.application.procedures import Checked, drawn, proved
from engine.application.scenarios.harm import as_story, file_name
from engine.diagnostics import did_you_mean
from engine.errors import NotAllowed, UnknownName, WrongUse
from engine.sop.compile import compile_sop
from engine.sop.model import Safeguard, Sop
from passerelle.scenarios import tried


def kept(checked: Sequence[Checked], save: Path | None, pictures: Path | None) -> list[Path]:
    """Write each path to harm as a story into `save` and as an SVG picture into `pictures`; returns the files written."""
    written: list[Path] = []
    for one in checked:
        for proof in _with_path(one):
            if one.file is None:
                continue
            sop = compile_sop(one.file.sop, one.file.shelf.forms, "")
            name = file_name(proof, sop)
            if save is not None:
                written.append(_write(save / name, as_story(proof, sop, one.path, save)))
            if pictures is not None:
                picture = draw(sop.sop, Format.SVG, language_of(sop.sop), over(proof))
                written.append(_write((pictures / name).with_suffix(".svg"), picture))
    return written


def language_of(sop: Sop) -> str:
    """Return English where a procedure has it, else its first language."""
    return "en" if "en" in sop.title else next(iter(sop.title))


def harm_of(checked: Checked, safeguard: str) -> Overlay:
    """Return the path on which a safeguard is broken, to be drawn.

    Raises:
        UnknownName: the procedure has no such safeguard.
        NotAllowed: the safeguard is not broken, or no path shows it.
    """
    ready = proved(checked)
    proof = next((one for one in ready.proofs if one.safeguard.id == safeguard), None)
    if proof is None:
        ids = [one.id for one in _safeguards(checked)]
        raise UnknownName(f'There is no safeguard "{safeguard}".', [did_you_mean(safeguard, ids, "safeguards")])
    if not proof.counterexample:
        raise NotAllowed(f'There is no path on which "{safeguard}" is broken: it is {_known(proof)}.')
    return over(proof)


def story_of(checked: Checked, story: Path) -> Overlay:
    """Return the way that a story goes on a procedure, to be drawn; of one that does not pass, as far as it goes.

    Raises:
        NotAllowed: the story can't be played.
    """
    (result,) = tried([story], [checked.path]).results
    if checked.file is not None and result.sop not in ("", checked.file.sop.sop):
        raise WrongUse(f'{story} is played on "{result.sop}", and {checked.path} is "{checked.file.sop.sop}".')
    if not result.played:
        raise NotAllowed(f"{story} can't be drawn: it can't be played.", drawn(result.found))
    return Overlay(path=result.way)


def over(proof: Proof) -> Overlay:
    """Return what is drawn of a path to harm."""
    return Overlay(path=taken(proof), harm=proof.safeguard.id)


def _with_path(checked: Checked) -> Iterator[Proof]:
    return (proof for proof in checked.proofs if proof.counterexample)


def _safeguards(checked: Checked) -> Iterator[Safeguard]:
    known = () if checked.file is None else checked.file.sop.safeguards
    return (one for one in known if isinstance(one, Safeguard))


def _known(proof: Proof) -> str:
    return f"{proof.verdict}" if proof.is_good else f"{proof.verdict}: {proof.reason}"


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as why:
        raise WrongUse(f"{path} can't be written: {why.strerror}") from None
    return path
