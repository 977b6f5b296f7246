"""What is written about the product agrees with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.analysis.diagram import Format, draw
from engine.application.procedures import check
from engine.settings import reference

ROOT = Path(__file__).parent.parent


def test_every_page_named_in_a_module_exists():
    """A reader who follows a header finds the page."""
    named = {
        (path, page)
        for room in ("engine", "passerelle", "workflows", "cli", "sop_definitions")
        for path in (ROOT / room).rglob("*")
        if path.suffix in (".py", ".yaml")
        for page in re.findall(r"\bdocs/[\w/.-]+\.md", path.read_text(encoding="utf-8"))
    }

    assert [(str(path), page) for path, page in sorted(named) if not (ROOT / page).is_file()] == []


def test_the_page_of_settings_is_current():
    """docs/reference/settings.md is what the settings say of themselves."""
    assert (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_every_link_of_a_page_leads_somewhere(page):
    """Links within the repository exist."""
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]

    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_picture_among_the_pages_is_current():
    """docs/reference/short-return.svg is what `sop draw` makes of the small complete procedure."""
    (checked,) = check(ROOT / "tests" / "definitions" / "sops" / "short-return.yaml")
    assert checked.file is not None
    drawn = draw(checked.file.sop, Format.SVG, "en")

    assert (ROOT / "docs/reference/short-return.svg").read_text(encoding="utf-8") == drawn


def test_the_page_of_calendars_is_current(tmp_path):
    """Its example can be used as it stands, and its codes and reasons are those there are."""
    from engine.calendars.load import CODES, load_calendar
    from engine.values import SuspensionReason

    page = (ROOT / "docs/reference/calendars.md").read_text(encoding="utf-8")
    (tmp_path / "fr.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")

    assert load_calendar(tmp_path / "fr.yaml")[1] == []
    assert re.findall(r"^\| (CAL\d+) \| (.+) \|$", page, re.MULTILINE) == list(CODES.items())
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE) == [
        (str(one), one.words) for one in SuspensionReason
    ]
