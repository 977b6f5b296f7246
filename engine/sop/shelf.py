"""What stands beside the procedures: forms, documents, safeguards, other procedures.

A shelf is read from one folder of definitions (`sop_definitions`), whose subfolders are forms/, documents/, safeguards/ and sops/;
a subfolder that is missing is empty. Terms: docs/glossary.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic, Place
from engine.forms.model import Form
from engine.sop.faults import validated
from engine.source import Source, read

FOLDERS = ("forms", "documents", "safeguards", "sops")


@dataclass(frozen=True, slots=True)
class Shelf:
    """`safeguards` are the shared ones as read, by file name; `sops` the files of procedures by id."""

    forms: Mapping[str, Form]
    documents: frozenset[str]
    safeguards: Mapping[str, Source]
    sops: Mapping[str, Path]

    @classmethod
    def of(cls, root: Path) -> tuple[Shelf, list[Diagnostic]]:
        """Read the folder of definitions `root`; answers all faults of its forms beside what could be read."""
        found: list[Diagnostic] = []
        forms: dict[str, Form] = {}
        files: dict[str, Path] = {}
        for path in definitions_in(root / "forms"):
            form, faults = load_form(path)
            found += faults
            if form is None:
                continue
            if form.form in forms:
                found.append(_twice(path, "form", form.form, files[form.form]))
            forms[form.form], files[form.form] = form, path
        safeguards: dict[str, Source] = {}
        for path in definitions_in(root / "safeguards"):
            source, faults = read_file(path)
            found += faults
            if source is not None:
                safeguards[path.stem] = source
        sops, faults = _sops(root)
        documents, more = _documents(root / "documents")
        return cls(forms, documents, safeguards, sops), [*found, *faults, *more]


def find_root(path: Path) -> Path:
    """Return the folder of definitions that `path` belongs to: the nearest one above it with a forms or sops folder in it."""
    start = path.resolve()
    for folder in (start, *start.parents):
        if (
            folder.is_dir()
            and folder.name not in FOLDERS
            and any((folder / name).is_dir() for name in ("forms", "sops"))
        ):
            return folder
    return start if start.is_dir() else start.parent


def load_form(path: Path) -> tuple[Form | None, list[Diagnostic]]:
    """Read one form; answers all its faults in one run."""
    source, found = read_file(path)
    if source is None:
        return None, found
    form, faults = validated(Form, source.value, source.marks)
    return form, [*found, *faults]


def read_file(path: Path) -> tuple[Source | None, list[Diagnostic]]:
    """Read one YAML file; a file that can't be opened is a diagnostic too."""
    try:
        data = path.read_bytes()
    except OSError as why:
        return None, [Diagnostic("YAML000", f"the file can't be read: {why.strerror}", Place(str(path)))]
    return read(data, str(path))


def definitions_in(folder: Path) -> Iterator[Path]:
    """Yield the YAML files of a folder, by name."""
    yield from sorted(path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))


def _sops(root: Path) -> tuple[dict[str, Path], list[Diagnostic]]:
    """Find the id of each procedure without reading the whole: the first line that says `sop:`."""
    sops: dict[str, Path] = {}
    found: list[Diagnostic] = []
    for path in definitions_in(root / "sops"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("sop:"):
                name = line.removeprefix("sop:").partition("#")[0].strip().strip("\"'")
                if name in sops:
                    found.append(_twice(path, "procedure", name, sops[name]))
                sops[name] = path
                break
    return sops, found


def _documents(folder: Path) -> tuple[frozenset[str], list[Diagnostic]]:
    ids: set[str] = set()
    catalogue = folder / "catalogue.json"
    if catalogue.is_file():
        try:
            ids.update(one["id"] for one in json.loads(catalogue.read_text(encoding="utf-8"))["documents"])
        except (ValueError, KeyError, TypeError):
            return frozenset(), [
                Diagnostic("DOC001", "the catalogue of documents can't be read", Place(str(catalogue)))
            ]
    sources = folder / "sources.yaml"
    if not sources.is_file():
        return frozenset(ids), []
    source, found = read_file(sources)
    listed = None if source is None else source.marks.root.child("sources")
    if listed is not None and isinstance(listed.value, dict):
        ids.update(listed.value)
    return frozenset(ids), found


def _twice(path: Path, what: str, name: str, other: Path) -> Diagnostic:
    return Diagnostic(
        "SOP110", f'the {what} "{name}" stands in {other.name} too', Place(str(path)), "give one of them another id"
    )
