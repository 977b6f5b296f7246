"""The picture of a procedure: nothing lies on anything, every word is there, and it can be read by everybody."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.diagram import Format, Overlay, draw
from engine.analysis.diagram.layout import Box, Card, Frame, Label, Layout, lay_out
from engine.analysis.diagram.metrics import SLACK, width, wrap
from engine.analysis.diagram.routing import CLEAR, Ends, Grid, Kind, Way, plan_ways
from engine.analysis.diagram.svg import TEXTS_ON_GROUNDS
from engine.analysis.diagram.words import Words
from engine.application.procedures import check
from engine.settings import DEFINITIONS
from engine.sop.model import Sop
from engine.sop.outline import outline_of
from tests.conftest import missing

ROOT = Path(__file__).parents[2]
ADULT = DEFINITIONS / "sops" / "adult-return.yaml"
SHORT = ROOT / "tests" / "definitions" / "sops" / "short-return.yaml"
SVG = "{http://www.w3.org/2000/svg}"


def procedure(path: Path) -> Sop:
    (checked,) = check(path)
    assert checked.file is not None
    return checked.file.sop


@pytest.fixture(scope="module", params=[ADULT, SHORT], ids=["adult", "short"])
def sop(request: pytest.FixtureRequest) -> Sop:
    return procedure(request.param)


@pytest.fixture(scope="module", params=["en", "fr"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# ── Procedures of any shape ──────────────────────────────────────────────────────────────────────────────────────

TITLES = st.text("abcdefghilmnoprstuv éÉ’;:<&\"'\\#{}W", min_size=1, max_size=90).map(lambda text: f"T{text}".strip())


@st.composite
def shapes(draw_: st.DrawFn) -> Sop:
    """A procedure of a dozen steps in any phases and lanes, with strands, lines alongside and long titles."""

    def step(name: str, targets: list[str], inner: bool = False) -> dict[str, Any]:
        title = {"en": draw_(TITLES), "fr": draw_(TITLES)}
        if name.startswith("end"):
            reopens = {"to": targets[0], "by": ["here"]}
            return {"title": title, "end": "over", **({"reopens": reopens} if draw_(st.booleans()) else {})}
        actions = {}
        for n, to in enumerate(draw_(st.lists(st.sampled_from(targets), max_size=4))):
            automatic = {"automatic": {"after": "3 days"}} if draw_(st.booleans()) else {}
            actions[f"act{n}"] = {"title": {"en": draw_(TITLES), "fr": "F"}, "to": to, "by": ["here"], **automatic}
        responsible = draw_(st.sampled_from([["here"], ["there"], ["here", "there"], ["way"], ["person"]]))
        phase = {} if inner else {"phase": draw_(st.sampled_from(["one", "two", "three", "a_long_name_of_a_phase"]))}
        return {"title": title, "responsible": responsible, "actions": actions, **phase}

    def line(prefix: str) -> dict[str, Any]:
        names = [f"{prefix}s{n}" for n in range(draw_(st.integers(1, 4)))]
        ends = {f"end{prefix}": step(f"end{prefix}", names)}
        return {"start": names[0], "steps": {n: step(n, [*names, *ends], inner=True) for n in names} | ends}

    names = [f"m{n}" for n in range(draw_(st.integers(1, 7)))] + ["enda", "endb"]
    steps = {name: step(name, names) for name in names}
    for name in names[:-2]:
        if draw_(st.integers(0, 3)) == 0:
            steps[name]["strands"] = {f"{name}l{n}": line(f"{name}l{n}") for n in range(draw_(st.integers(1, 5)))}
    title = {"en": "A", "fr": "A"}
    return Sop.model_validate(
        {
            "sop": "shape", "title": {"en": draw_(TITLES), "fr": "F"}, "destination": ["FR"], "origin": ["AL"],
            "roles": {
                "here": {"side": "destination", "title": title}, "there": {"side": "origin", "title": title},
                "way": {"side": "transit", "title": title},
                "person": {"side": "person", "acts_for": ["here"], "title": title},
            },
            "share_when": [], "start": names[0], "steps": steps,
            "alongside": {f"x{n}": line(f"x{n}") for n in range(draw_(st.integers(0, 6)))},
            "everywhere": {
                f"any{n}": {"title": {"en": draw_(TITLES), "fr": "F"}, "by": ["here"], "to": "enda", "while": {"phases": ["one"]}}
                for n in range(draw_(st.integers(0, 5)))
            },
        }
    )  # fmt: skip


# ── What must hold of a layout ───────────────────────────────────────────────────────────────────────────────────


def segments(way: Way) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    yield from itertools.pairwise(way.points)


def labels_of(card: Card) -> Iterator[Label]:
    yield card.title
    yield from card.rows
    yield from (port.label for port in card.ports)


def meets(a: tuple[float, float], b: tuple[float, float], box: Box) -> bool:
    """Whether a level or upright stretch runs through the inside of a box (its edge may be touched)."""
    stretch = Box(min(a[0], b[0]) - 0.1, min(a[1], b[1]) - 0.1, abs(a[0] - b[0]) + 0.2, abs(a[1] - b[1]) + 0.2)
    return stretch.overlaps(Box(box.x + 0.2, box.y + 0.2, box.w - 0.4, box.h - 0.4))


def lie_on_each_other(one: Way, other: Way) -> bool:
    for (a, b), (c, d) in itertools.product(segments(one), segments(other)):
        for level in (0, 1):
            if a[level] == b[level] and c[level] == d[level] and abs(a[level] - c[level]) < 0.5:
                along = 1 - level
                low = max(min(a[along], b[along]), min(c[along], d[along]))
                high = min(max(a[along], b[along]), max(c[along], d[along]))
                if high - low > 0.5:
                    return True
    return False


def faults(layout: Layout) -> Iterator[str]:
    """Say everything that lies where it must not."""
    page = Box(0, 0, *layout.size)
    yield from apart([(card.step, card.box) for card in layout.cards], "cards")
    yield from apart([(frame.key, frame.box) for frame in layout.alongside], "lines alongside")
    yield from apart([(entry.action, entry.box) for entry in layout.everywhere], "what is open everywhere")
    yield from apart([(column.phase, column.heading.box) for column in layout.columns], "headings")
    bottom = max(band.box.bottom for band in layout.lanes)
    below = [*(frame.box for frame in layout.alongside), *(entry.box for entry in layout.everywhere)]
    yield from (f"{box} lies in the lanes" for box in below if box.y < bottom)
    for column in layout.columns:
        yield from (
            f"heading {column.phase} lies in a lane" for b in layout.lanes if b.box.overlaps(column.heading.box)
        )
    for label in (*layout.heading, *layout.captions):
        yield from (f"{label.lines} lies on {card.step}" for card in layout.all_cards() if card.box.overlaps(label.box))
    for card in layout.all_cards():
        if not page.holds(card.box):
            yield f"{card.step} leaves the page"
        yield from inside(card.step, card.box, labels_of(card))
        yield from apart([(frame.key, frame.box) for frame in card.strands], f"strands of {card.step}")
        for frame in card.strands:
            if not card.box.holds(frame.box):
                yield f"strand {frame.key} leaves {card.step}"
            yield from (f"{frame.key} lies on words" for label in labels_of(card) if label.box.overlaps(frame.box))
    for frame in layout.frames:
        yield from frame_faults(frame)
    for entry in layout.everywhere:
        yield from inside(entry.action, entry.box, entry.labels)
    for card in layout.cards:
        home = [band for band in layout.lanes if band.box.holds(card.box)]
        if [band.lane for band in home] != [card.lane]:
            yield f"{card.step} is not in its lane"
    yield from way_faults(layout.ways, {card.step: card.box for card in layout.cards})


def frame_faults(frame: Frame) -> Iterator[str]:
    boxes = {card.step: card.box for card in frame.cards}
    yield from apart(list(boxes.items()), f"steps of {frame.key}")
    yield from (f"{step} leaves {frame.key}" for step, box in boxes.items() if not frame.box.holds(box))
    yield from inside(frame.key, frame.box, [frame.title])
    yield from (f"{frame.key}'s title lies on {step}" for step, box in boxes.items() if box.overlaps(frame.title.box))
    yield from way_faults(frame.ways, boxes)
    for way in frame.ways:
        if not all(frame.box.holds(Box(x, y, 0, 0)) for x, y in way.points):
            yield f"an arrow of {frame.key} leaves it"


def way_faults(ways: Iterable[Way], boxes: dict[str, Box]) -> Iterator[str]:
    listed = list(ways)
    for way in listed:
        for a, b in segments(way):
            if abs(a[0] - b[0]) > 0.01 and abs(a[1] - b[1]) > 0.01:
                yield f"{way.source}.{way.action} runs aslant"
            yield from (
                f"{way.source}.{way.action} runs through {step}" for step, box in boxes.items() if meets(a, b, box)
            )
        source, target = boxes[way.source], boxes[way.target]
        if way.points[0][0] != pytest.approx(source.right) or not source.y < way.points[0][1] < source.bottom:
            yield f"{way.source}.{way.action} does not begin at its step"
        if not target.y < way.points[-1][1] < target.bottom or not any(
            way.points[-1][0] == pytest.approx(edge) for edge in (target.x, target.right)
        ):
            yield f"{way.source}.{way.action} does not end at its step"
    for one, other in itertools.combinations(listed, 2):
        if (one.target, one.kind) != (other.target, other.kind) and lie_on_each_other(one, other):
            yield f"{one.source}.{one.action} and {other.source}.{other.action} lie on each other"


def apart(boxes: list[tuple[str, Box]], what: str) -> Iterator[str]:
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        if a.overlaps(b):
            yield f"{what}: {one} lies on {other}"


def inside(name: str, box: Box, labels: Iterable[Label]) -> Iterator[str]:
    listed = list(labels)
    yield from (f"words {label.lines} leave {name}" for label in listed if not box.holds(label.box))
    for one, other in itertools.combinations(listed, 2):
        if one.box.overlaps(other.box):
            yield f"{one.lines} lies on {other.lines} in {name}"


def test_nothing_lies_on_anything(sop, language):
    """Cards, strands, words and headings are apart; arrows run through no step, and never on one to another target."""
    assert list(faults(lay_out(Words(outline_of(sop), language)))) == []


@settings(max_examples=120, deadline=None)
@given(shapes())
def test_nothing_lies_on_anything_in_a_procedure_of_any_shape(shape):
    """The same of procedures that nobody would write."""
    assert list(faults(lay_out(Words(outline_of(shape), "en")))) == []


def test_an_arrow_enters_level_with_no_other():
    """A source opposite the title of a step to which it does not lead: the arrow into that step comes in elsewhere."""
    grid = Grid([100, 100], {"a": (0, 0, 100, 120), "c": (1, 0, 100, 60), "b": (1, 0, 100, 60)}, lanes=1, gap=18)
    ends = [Ends("a", "to_b", "b", 10, Kind.FORWARD), Ends("a", "to_c", "c", 98, Kind.FORWARD)]
    placed = plan_ways(grid, ends, {"a": (5, 25), "b": (10, 30), "c": (40, 60)}, left=0, top=0)
    to_b, to_c = placed.ways

    assert abs(to_b.points[-1][1] - to_c.points[0][1]) >= CLEAR
    assert not lie_on_each_other(to_b, to_c)


def test_an_overlap_would_be_told(sop):
    """The measure above sees a card that lies on another and one that has left its lane."""
    layout = lay_out(Words(outline_of(sop), "en"))
    first, *others = layout.cards
    on_it = next(card for card in others if not card.strands)
    moved = on_it.moved(first.box.x - on_it.box.x + 3, first.box.y - on_it.box.y + 3)
    cards = tuple(moved if card is on_it else card for card in layout.cards)

    told = list(faults(Layout(**{**{f: getattr(layout, f) for f in Layout.__slots__}, "cards": cards})))

    assert f"cards: {min(first.step, moved.step, key=[c.step for c in cards].index)} lies on" in " ".join(told)


def test_every_step_and_action_is_drawn(sop, language):
    """Nothing is left out: all steps are cards, all actions rows, all that leads somewhere has an arrow."""
    outline = outline_of(sop)
    said = Words(outline, language)
    layout = lay_out(said)
    arrows = [arrow for spot in outline.spots for arrow in said.arrows(spot.name)]

    assert {card.step for card in layout.all_cards()} == set(outline.by_name)
    assert {(p.arrow.source, p.arrow.action) for card in layout.all_cards() for p in card.ports} == {
        (arrow.source, arrow.action) for arrow in arrows
    }
    assert {(way.source, way.action, way.target) for way in layout.all_ways()} == {
        (arrow.source, arrow.action, arrow.target) for arrow in arrows if arrow.target is not None
    }
    assert [entry.action for entry in layout.everywhere] == list(sop.everywhere)


# ── Words and widths ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(max_size=120), st.floats(30, 300), st.booleans())
def test_wrapped_words_fit_and_none_is_lost(text, room, bold):
    """Every line fits with its slack; all characters but white space and hyphens of breaking are there, in order."""
    lines = wrap(text, room, 10, bold)

    assert all(width(line, 10, bold) * SLACK <= room + 0.1 or len(line) <= 2 for line in lines)
    kept = re.sub(r"[ \t\n-]", "", text)
    assert re.sub(r"[ \t\n-]", "", "".join(lines)) == kept


def test_an_accent_takes_no_room():
    assert width("Évaluation à côté", 12) == width("Evaluation a cote", 12)
    assert width("e\u0301", 12) == width("e", 12)


# ── SVG ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def words_in(picture: str) -> str:
    root = ElementTree.fromstring(picture)
    return " ".join(" ".join(span.text or "" for span in text) or (text.text or "") for text in root.iter(f"{SVG}text"))


def test_all_words_stand_in_the_picture(sop, language):
    """Titles of the procedure, phases, steps, strands and actions, in the language asked for."""
    outline = outline_of(sop)
    said, shown = Words(outline, language), words_in(draw(sop, Format.SVG, language)).replace("- ", "").replace(" ", "")
    wanted = [said.step(spot.name) for spot in outline.spots]
    wanted += [arrow.said for spot in outline.spots for arrow in said.arrows(spot.name)]
    wanted += [said.phase(spot.phase) for name in outline.main_steps() if (spot := outline.by_name[name]).phase]
    wanted += [said.line(line) for line in outline.lines.values() if line.key]
    wanted += [word for _, called, leads, while_ in said.everywhere() for word in (called, leads, while_)]

    assert [text for text in wanted if text.replace(" ", "") not in shown] == []


def test_a_picture_stands_alone_and_says_what_it_is(sop, language):
    """Title and description for those who hear it; no link, script, style sheet or font from elsewhere."""
    root = ElementTree.fromstring(draw(sop, Format.SVG, language))

    assert root.get("role") == "img"
    assert [root.find(f"{SVG}{name}").get("id") for name in ("title", "desc")] == root.get("aria-labelledby").split()
    assert root.find(f"{SVG}title").text == sop.title[language]
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {
        "svg", "title", "desc", "defs", "marker", "path", "rect", "text", "tspan", "g", "circle",
    }  # fmt: skip
    assert not any("href" in name or "style" in name for one in root.iter() for name in one.attrib)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("ink", "ground"), TEXTS_ON_GROUNDS)
def test_words_stand_out_from_their_ground(ink, ground):
    """WCAG 2.2, 1.4.3: a contrast of 4.5 or more."""
    light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= 4.5


NASTY = '<script>alert(1)</script> & "quoted" \' \\ ]]> -- ; # : { } é'


@pytest.mark.parametrize("format", Format)
def test_words_mean_nothing_to_a_format(format):
    """Whatever a title holds, the file stays what it is, and the title is in it."""
    sop = procedure(SHORT)
    nasty = {"en": NASTY, "fr": NASTY}
    steps = {**sop.steps, "departed": sop.steps["departed"].model_copy(update={"title": nasty})}
    drawn = draw(sop.model_copy(update={"steps": steps, "title": nasty}), format, "en")

    assert "<script>" not in drawn or format is Format.DOT or format is Format.MERMAID
    if format in (Format.SVG, Format.SCXML, Format.BPMN):
        ElementTree.fromstring(drawn)
    if format is Format.MERMAID:
        assert NASTY not in drawn
        assert "script>alert(1)</script> & #quot;quoted#quot;" in drawn
    if format is Format.BPMN:
        assert NASTY in [one.get("name") for one in ElementTree.fromstring(drawn).iter()]


@pytest.mark.parametrize("format", Format)
def test_the_same_procedure_gives_the_same_bytes(format):
    """Also in another process, with another order of hashes."""
    program = (
        "import sys; from pathlib import Path; from engine.application.procedures import check;"
        "from engine.analysis.diagram import Format, draw;"
        "print(draw(check(Path(sys.argv[1]))[0].file.sop, Format(sys.argv[2]), 'fr'), end='')"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program, str(ADULT), format], capture_output=True, check=True, cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip

    assert runs[0] == runs[1]
    assert runs[0].decode() == draw(procedure(ADULT), format, "fr")


def test_a_faulty_procedure_is_drawn_as_far_as_it_goes():
    """A start and a target that don't exist leave their arrows out; the rest is there."""
    sop = procedure(SHORT)
    lost = sop.steps["departed"].actions["arrive"].model_copy(update={"to": "nowhere"})
    steps = {**sop.steps, "departed": sop.steps["departed"].model_copy(update={"actions": {"arrive": lost}})}
    faulty = sop.model_copy(update={"steps": steps, "start": "nowhere_either"})

    for format in (Format.SVG, Format.MERMAID, Format.DOT):
        assert "Under way" in draw(faulty, format, "en")


# ── What is drawn over it ────────────────────────────────────────────────────────────────────────────────────────

PATH = (
    ("counselling", "request_return"), ("destination_part", "send"), ("assessment", "refuse"),
    ("closed_stays", "no_such_action"), ("counselling", "request_return"), ("assessment", "withdraw_consent"),
)  # fmt: skip


def test_a_path_is_drawn_with_its_numbers():
    """An action taken twice holds both numbers; one open everywhere is numbered where the case stood and in the list."""
    sop = procedure(SHORT)
    plain, over = (words_in(draw(sop, Format.SVG, "en", overlay)).split() for overlay in (None, Overlay(path=PATH)))
    numbers = [word for word in over if word not in plain and re.fullmatch(r"[\d·]+", word)]

    assert sorted(numbers) == ["1·5", "2", "3", "4", "6", "6"]
    assert '"#b3125a"' in draw(sop, Format.DOT, "en", Overlay(path=PATH))
    assert "1·5. request return" in draw(sop, Format.MERMAID, "en", Overlay(path=PATH))


@pytest.mark.parametrize("format", [Format.SVG, Format.MERMAID, Format.DOT])
def test_counts_stand_at_their_steps(format):
    """Numbers only, where there are cases; a step that is not in the procedure is passed over."""
    sop = procedure(SHORT)
    counts = {"assessment": 1234, "requested": 987, "departed": 0, "of_another_version": 555}
    drawn = draw(sop, format, "en", Overlay(counts=counts))

    assert "1234" in drawn
    assert "987" in drawn
    assert "555" not in drawn


# ── Other formats ────────────────────────────────────────────────────────────────────────────────────────────────


def test_graphviz_takes_the_graph(sop, language):
    """Graphviz reads it without a complaint, and every step is a node."""
    if shutil.which("dot") is None:
        missing("Graphviz")
    done = subprocess.run(
        ["dot", "-Tplain"], input=draw(sop, Format.DOT, language), capture_output=True, text=True, timeout=120
    )
    nodes = {line.split()[1].strip('"') for line in done.stdout.splitlines() if line.startswith("node ")}

    assert (done.returncode, done.stderr) == (0, "")
    assert set(outline_of(sop).by_name) <= nodes


MERMAID = [
    r"stateDiagram-v2", r"  %% .*", r"  direction TB", r' +state "[^"]+" as \w+( \{)?', r" +state \w+ \{", r" +--", r" +\}",
    r" +\[\*\] --> \w+", r" +\w+ --> (\w+|\[\*\])(: [^:;{}]+)?", r"  note right of \w+", r"    [^:;{}]+", r"  end note",
]  # fmt: skip


def test_mermaid_gets_only_what_it_knows(sop, language):
    """Each line is one of the statements of stateDiagram-v2; names declared; braces closed."""
    drawn = draw(sop, Format.MERMAID, language)
    plain = re.sub(r"#(35|58|quot);", "", drawn)

    assert [line for line in plain.splitlines() if not any(re.fullmatch(form, line) for form in MERMAID)] == []
    assert plain.count("{") == plain.count("}")
    declared = set(re.findall(r'state "[^"]+" as (\w+)', drawn))
    assert set(re.findall(r"(\w+) -->", drawn)) | set(re.findall(r"--> (\w+)", drawn)) <= declared


BPMN = Path(__file__).parent / "bpmn"


@pytest.fixture
def bpmnlint() -> Path:
    if shutil.which("node") is None or not (BPMN / "node_modules").is_dir():
        missing("bpmnlint (npm ci --prefix tests/analysis/bpmn)")
    return BPMN / "lint.mjs"


def test_bpmn_opens_and_passes_the_linter(sop, language, bpmnlint, tmp_path):
    """bpmn-moddle reads it without a warning; bpmnlint's recommended rules, overlap of shapes among them, find nothing."""
    file = tmp_path / "drawn.bpmn"
    file.write_text(draw(sop, Format.BPMN, language), encoding="utf-8")
    done = subprocess.run(["node", str(bpmnlint), str(file)], capture_output=True, text=True, timeout=120)

    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_bpmn_holds_every_step_in_its_lane(sop, language):
    """Each step is one element; each of the main line is in the lane that the picture shows it in; every shape has a place."""
    bpmn, outline = "{http://www.omg.org/spec/BPMN/20100524/MODEL}", outline_of(sop)
    root = ElementTree.fromstring(draw(sop, Format.BPMN, language))
    said = Words(outline, language)
    lanes = {ref.text: lane.get("id") for lane in root.iter(f"{bpmn}lane") for ref in lane.iter(f"{bpmn}flowNodeRef")}
    names = [one.get("id").removeprefix("Step_") for one in root.iter() if (one.get("id") or "").startswith("Step_")]
    placed = {one.get("bpmnElement") for one in root.iter() if one.get("bpmnElement")}
    flows = [one.get("id") for one in root.iter(f"{bpmn}sequenceFlow")]

    assert sorted(name for name in names if not name.endswith("_di")) == sorted(outline.by_name)
    assert {name: lanes[f"Step_{name}"] for name in outline.main_steps()} == {
        name: f"Lane_{said.lane(name)}" for name in outline.main_steps()
    }
    assert set(flows) | set(lanes) <= placed
