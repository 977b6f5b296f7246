"""What stands beside the procedures: forms, documents, safeguards, country layers, other procedures.

A shelf is read from one folder of definitions (`sop_definitions`), whose subfolders are forms/, documents/, safeguards/, layers/
and sops/; a subfolder that is missing is empty. Terms: docs/glossary.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.diagnostics import Diagnostic, Place, in_order
from engine.forms.model import Form
from engine.sop.faults import validated
from engine.sop.layer import Layer, read_layer
from engine.sop.shared import Shared, read_shared
from engine.sop.translations import untranslated
from engine.source import MAX_BYTES, Source, read, split_lines

if TYPE_CHECKING:
    from engine.sop.load import SopFile

_ID: Final = re.compile(r"^sop:[ \t]+[\"']?(?P<id>[^\s\"'#]+)", re.MULTILINE)

_STORY: Final = re.compile(r"^scenario:", re.MULTILINE)
"""A scenario names its procedure by the same key as a procedure names itself."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one folder of definitions holds, as it stood when it was read.

    Attributes:
        safeguards: the shared ones by file name.
        sops: the files of procedures by id.
        layers: those of countries by id, as read.
        faulty_layers: the files of those with faults of their own, by id or file name.
        loaded: the procedures that others extend, by file: each is read once.
    """

    forms: Mapping[str, Form]
    documents: frozenset[str]
    safeguards: Mapping[str, Shared]
    sops: Mapping[str, Path]
    layers: Mapping[str, tuple[Layer, Source]] = field(default_factory=dict)
    faulty_layers: Mapping[str, Path] = field(default_factory=dict)
    loaded: dict[Path, tuple[SopFile | None, list[Diagnostic]]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, root: Path) -> tuple[Shelf, list[Diagnostic]]:
        """Read the folder of definitions `root`; answers all faults of what stands there beside what could be read."""
        forms, wrong_forms = _forms(definitions_in(root / "forms"))
        safeguards, wrong_safeguards = _safeguards(definitions_in(root / "safeguards"))
        beside = root / "sops"
        sops, wrong_sops = _sops(definitions_in(beside if beside.is_dir() else root))
        layers, faulty, wrong_layers = _layers(definitions_in(root / "layers"))
        documents, wrong_documents = _documents(root / "documents")
        found = [*wrong_forms, *wrong_safeguards, *wrong_layers, *wrong_sops, *wrong_documents]
        return cls(forms, documents, safeguards, sops, layers, faulty), found


def find_root(path: Path) -> Path:
    """Return the folder of definitions that `path` belongs to.

    It is the nearest folder, from `path` upwards, that holds forms/ or sops/; for a file that belongs to none, its own folder.
    """
    start = path if path.is_dir() else path.parent
    above = (start, *start.parents, *start.resolve().parents)
    return next((one for one in above if (one / "forms").is_dir() or (one / "sops").is_dir()), start)


def load_form(path: Path) -> tuple[Form | None, list[Diagnostic]]:
    """Read one form; answers all its faults in one run."""
    source, found = read_file(path)
    if source is None:
        return None, found
    if isinstance(source.value, dict) and "form" not in source.value and "sop" in source.value:
        message = "this file is a procedure, not a form"
        return None, [*found, Diagnostic("SOP100", message, source.marks.key(("sop",)), "procedures stand in sops/")]
    form, faults = validated(Form, source.value, source.marks)
    if form is not None:
        faults = [*faults, *untranslated(form, source.marks)]
    return form, in_order([*found, *faults])


def read_file(path: Path) -> tuple[Source | None, list[Diagnostic]]:
    """Read one YAML file; a file that can't be opened is a diagnostic too."""
    try:
        data = _bytes(path)
    except OSError as why:
        return None, [_unopened(path, why)]
    return read(data, str(path))


def lines_of(path: Path) -> tuple[str, ...]:
    """Return the lines of a file as places count them; none where it can't be opened."""
    try:
        return split_lines(_bytes(path).decode("utf-8-sig", "replace"))
    except OSError:
        return ()


def _bytes(path: Path) -> bytes:
    """Read what may be a definition, and no more: a file that never ends is too large as well."""
    with path.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def definitions_in(folder: Path) -> list[Path]:
    """Return the YAML files of a folder, by name."""
    return sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))


def _unopened(path: Path, why: OSError) -> Diagnostic:
    return Diagnostic("SOP100", f"the file can't be opened: {why.strerror}", Place(str(path)))


def _forms(files: Iterable[Path]) -> tuple[dict[str, Form], list[Diagnostic]]:
    forms: dict[str, Form] = {}
    first: dict[str, Path] = {}
    found: list[Diagnostic] = []
    for path in files:
        form, faults = load_form(path)
        found += faults
        if form is None:
            continue
        if form.form in first:
            found.append(_twice("form", form.form, _line_of(path, "form:"), first[form.form]))
        forms.setdefault(form.form, form)
        first.setdefault(form.form, path)
    return forms, found


def _safeguards(files: Iterable[Path]) -> tuple[dict[str, Shared], list[Diagnostic]]:
    safeguards: dict[str, Shared] = {}
    found: list[Diagnostic] = []
    for path in files:
        source, faults = read_file(path)
        found += faults
        if source is not None:
            safeguards[path.stem], faults = read_shared(path, source)
            found += faults
    return safeguards, found


def _layers(
    files: Iterable[Path],
) -> tuple[dict[str, tuple[Layer, Source]], dict[str, Path], list[Diagnostic]]:
    """Read the country layers; one with faults is known by its file's name, so that it is not told as missing too."""
    layers: dict[str, tuple[Layer, Source]] = {}
    faulty: dict[str, Path] = {}
    found: list[Diagnostic] = []
    for path in files:
        source, faults = read_file(path)
        layer, wrong = read_layer(source) if source is not None else (None, [])
        found += [*faults, *wrong]
        if layer is None or source is None:
            faulty[path.stem] = path
        elif layer.layer in layers:
            first = Path(layers[layer.layer][1].marks.file)
            found.append(_twice("layer", layer.layer, _line_of(path, "layer:"), first))
        else:
            layers[layer.layer] = layer, source
    return layers, faulty, found


def _sops(files: Iterable[Path]) -> tuple[dict[str, Path], list[Diagnostic]]:
    """Find the id of each procedure without reading the whole: only the one asked for is read."""
    sops: dict[str, Path] = {}
    found: list[Diagnostic] = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # told where it is checked itself
            continue
        named = _ID.search(text)
        if named is None or _STORY.search(text):
            continue
        if named["id"] in sops:
            found.append(_twice("procedure", named["id"], _line_of(path, "sop:"), sops[named["id"]]))
        sops.setdefault(named["id"], path)
    return sops, found


def _line_of(path: Path, key: str) -> Place:
    """Return the line of a file that begins with a key."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    number, line = next(((n, line) for n, line in enumerate(lines, 1) if line.startswith(key)), (1, key))
    return Place(str(path), number, 1, len(line.rstrip()))


def _twice(what: str, name: str, place: Place, first: Path) -> Diagnostic:
    message = f'the {what} "{name}" stands in {first.name} too'
    return Diagnostic("SOP110", message, place, "give one of the two another id, or remove it")


def _documents(folder: Path) -> tuple[frozenset[str], list[Diagnostic]]:
    """Read the ids that `guidance` and `source` may name: of the library's records, and of sources beside it."""
    catalogue, found = _catalogue(folder / "catalogue.json")
    listed = folder / "sources.yaml"
    if not listed.exists():
        return catalogue, found
    source, faults = read_file(listed)
    found += faults
    if source is None:
        return catalogue, found
    sources = source.value.get("sources") if isinstance(source.value, dict) else None
    if not isinstance(sources, dict):
        message = "the file holds no list of sources"
        return catalogue, [*found, Diagnostic("SOP100", message, source.marks.value(()), 'it begins with "sources:"')]
    return catalogue | sources.keys(), found


def _catalogue(path: Path) -> tuple[frozenset[str], list[Diagnostic]]:
    if not path.exists():
        return frozenset(), []
    try:
        records = json.loads(path.read_bytes())["documents"]
        return frozenset(str(one["id"]) for one in records), []
    except OSError as why:
        return frozenset(), [_unopened(path, why)]
    except (ValueError, KeyError, TypeError):
        message = "the catalogue of documents can't be read"
        return frozenset(), [Diagnostic("SOP100", message, Place(str(path)), 'it is JSON: {"documents": [{"id": …}]}')]
