"""A procedure at a glance: every step is named, nothing lies on anything, and it says no more than the whole picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from engine.analysis.diagram import Overlay, draw_overview
from engine.analysis.diagram.layout import lay_out
from engine.analysis.diagram.overview import Overview, overview
from engine.analysis.diagram.words import Words
from engine.sop.model import Sop
from engine.sop.outline import MAIN, outline_of
from tests.analysis.test_diagram import ADULT, SHORT, faults, procedure, shapes, words_in


def laid_out(seen: Overview, language: str = "en"):
    return lay_out(Words(outline_of(seen.sop), language, seen.listed))


@pytest.fixture(scope="module", params=[ADULT, SHORT], ids=["adult", "short"])
def sop(request: pytest.FixtureRequest) -> Sop:
    return procedure(request.param)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_lies_on_anything(sop, language):
    """Cards with their lists, arrows, headings and lanes, as in the whole picture."""
    assert list(faults(laid_out(overview(sop), language))) == []


@settings(max_examples=60, deadline=None)
@given(shapes())
def test_nothing_lies_on_anything_in_a_procedure_of_any_shape(shape):
    """Whatever phases, lanes, strands and titles a procedure has; and every step of the main line is named."""
    seen = overview(shape)

    assert list(faults(laid_out(seen))) == []
    named = [row["en"] for rows in seen.listed.values() for row in rows]
    assert all(any(shape.steps[name].title["en"] in row for row in named) for name in shape.steps)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_step_strand_and_line_is_named(sop, language):
    """In words; what is open everywhere too."""
    outline = outline_of(sop)
    said = Words(outline, language)
    wanted = [said.step(name) for name in outline.lines[MAIN].steps]
    wanted += [said.line(line) for line in outline.lines.values() if line.key]
    wanted += [called for _, called, _, _ in said.everywhere()]

    shown = re.sub(r"-? ", "", words_in(draw_overview(sop, language)))

    assert [text for text in wanted if re.sub(r"-? ", "", text) not in shown] == []


def test_a_card_stands_in_the_lane_of_its_steps(sop):
    """So that the eye sees which country acts in which phase."""
    seen = overview(sop)
    whole, small = Words(outline_of(sop), "en"), Words(outline_of(seen.sop), "en")

    assert [name for name in sop.steps if small.lane(seen.card_of[name]) is not whole.lane(name)] == []


def test_an_arrow_stands_for_every_action_that_leaves_a_card(sop):
    """And for nothing else."""
    seen = overview(sop)
    wanted = {
        (seen.card_of[name], seen.card_of[action.to])
        for name, step in sop.steps.items()
        for action in step.actions.values()
        if action.to in sop.steps and seen.card_of[name] != seen.card_of[action.to]
    }

    drawn = {(way.source, way.target) for way in laid_out(seen).ways}

    assert drawn == wanted


def test_the_whole_adult_procedure_is_seen_at_once():
    """Words of eleven units can still be read where the picture is as wide as a large screen."""
    width = float(ElementTree.fromstring(draw_overview(procedure(ADULT), "en")).get("width") or 0)

    assert width < 2_560


def test_cases_are_added_up():
    """Those of a step with its strands, and of the lines alongside."""
    seen = overview(procedure(SHORT))

    counted = seen.counted({"assessment": 2, "origin_part": 1, "nowhere": 5})

    assert counted == {seen.card_of["assessment"]: 3}
    drawn = draw_overview(procedure(SHORT), "en", Overlay(counts={"assessment": 2, "origin_part": 1}))
    assert ">3</tspan>" in drawn


def test_an_overview_claims_no_time_of_being_open():
    """When an action is open everywhere differs among those gathered, so nothing is said of it."""
    layout = laid_out(overview(procedure(SHORT)))

    assert [len(entry.labels) for entry in layout.everywhere] == [2]
