"""The JSON Schema of scenario files, made from their model, for editors that complete and underline while one writes."""

from __future__ import annotations

from typing import Any

from engine.application.scenarios.examples import EXAMPLES
from engine.application.scenarios.model import Scenario
from engine.sop.schema import schema_of


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files."""
    return schema_of(Scenario, "A story of one case", EXAMPLES)
