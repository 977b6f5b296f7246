"""A procedure as one canonical text: what is hashed, stored with its version and compiled again.

The text is JSON with sorted keys, of the merged SOP and of the forms it uses, so that the same procedure always has the same
content hash. Terms: docs/glossary.md, "version".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from engine.forms.model import Form
from engine.sop.compile import every_form
from engine.sop.model import Sop


def canonical(sop: Sop, forms: Mapping[str, Form]) -> str:
    """Return the canonical text of a checked SOP with the forms it uses."""
    used = {name: forms[name].model_dump(mode="json", by_alias=True, exclude_defaults=True) for name in used_forms(sop)}
    content = {"sop": sop.model_dump(mode="json", by_alias=True, exclude_defaults=True), "forms": used}
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def content_hash(text: str) -> str:
    """Return the SHA-256 of a canonical text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def from_canonical(text: str) -> tuple[Sop, dict[str, Form]]:
    """Read a canonical text back."""
    content = json.loads(text)
    return Sop.model_validate(content["sop"]), {
        name: Form.model_validate(form) for name, form in content["forms"].items()
    }


def used_forms(sop: Sop) -> Iterable[str]:
    """Return the ids of the forms that a procedure speaks of, sorted."""
    return sorted({name.partition(".")[0] for name in every_form(sop)})
