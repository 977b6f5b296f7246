"""Reading procedures and what stands beside them: folders, shared safeguards, variants and what they may not weaken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.diagnostics import Diagnostic
from engine.settings import DEFINITIONS
from engine.sop.faults import CODES
from engine.sop.load import SopFile, load_form, load_sop
from engine.sop.model import Safeguard
from engine.sop.shelf import Shelf, find_root
from engine.source import MAX_FAULTS
from engine.values import Duration

HERE = Path(__file__).parents[1] / "definitions"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder of definitions with one small procedure, its forms and a shared safeguard."""
    for name in ("forms", "documents", "safeguards", "sops"):
        shutil.copytree(HERE / name, tmp_path / name)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def variant(folder: Path, text: str) -> tuple[SopFile | None, list[Diagnostic]]:
    path = write(folder / "sops" / "variant.yaml", "sop: variant\nextends: short-return\n" + text)
    return load_sop(path, Shelf.of(folder)[0])


def sound(folder: Path, text: str) -> SopFile:
    loaded, found = variant(folder, text)
    assert found == []
    assert loaded is not None
    return loaded


def codes(folder: Path, text: str) -> list[str]:
    return [one.code for one in variant(folder, text)[1]]


# ── The shelf ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_folder_has_no_fault():
    """Forms, documents, safeguards and every procedure."""
    shelf, found = Shelf.of(DEFINITIONS)

    assert found == []
    assert "adult-return" in shelf.sops
    assert {"palermo-protocol-2000", "tact-sop"} <= shelf.documents
    assert all(load_sop(path, shelf)[1] == [] for path in shelf.sops.values())


def test_a_shelf_holds_what_stands_in_its_folders(folder):
    """Forms by id, procedures by id, shared safeguards by file, documents by id."""
    shelf, found = Shelf.of(folder)

    assert found == []
    assert set(shelf.forms) == {"informed_consent", "risk_matrix", "travel_plan"}
    assert shelf.sops == {"short-return": folder / "sops" / "short-return.yaml"}
    assert set(shelf.safeguards) == {"consent-first"}
    assert shelf.documents == {"eu-directive-2011-36"}


def test_an_empty_folder_is_an_empty_shelf(tmp_path):
    """A designer may begin with a single file."""
    shelf, found = Shelf.of(tmp_path)

    assert found == []
    assert (dict(shelf.forms), shelf.documents, dict(shelf.safeguards), dict(shelf.sops)) == ({}, frozenset(), {}, {})


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("form", "forms/travel_plan.yaml", "forms/zz.yaml"), ("procedure", "sops/short-return.yaml", "sops/zz.yaml")],
)
def test_two_files_with_one_id_are_told(folder, name, first, second):
    """At the line of the second, naming the first; the first stays in force."""
    shutil.copy(folder / first, folder / second)
    _, (only,) = Shelf.of(folder)

    assert only.code == "SOP110"
    assert only.place.file == str(folder / second)
    assert Path(first).name in only.message
    assert only.message.startswith(f"the {name} ")
    assert (folder / second).read_text(encoding="utf-8").splitlines()[only.place.line - 1].startswith(("sop:", "form:"))


# ── The folder a file belongs to ─────────────────────────────────────────────────────────────────────────────────


def test_a_file_belongs_to_the_nearest_folder_with_forms_or_procedures(folder, tmp_path):
    """From the file itself, from its folder, or from the folder of definitions."""
    file = folder / "sops" / "short-return.yaml"

    assert find_root(file) == folder
    assert find_root(file.parent) == folder
    assert find_root(folder) == folder


def test_a_lone_file_belongs_to_its_own_folder(tmp_path):
    """Nothing above it is a folder of definitions."""
    file = write(tmp_path / "alone" / "one.yaml", "sop: one\n")

    assert find_root(file) == file.parent


def test_a_relative_name_stays_relative(folder, monkeypatch):
    """Places are told as the person wrote the path; only a folder above the working one is named in full."""
    monkeypatch.chdir(folder)
    assert find_root(Path("sops/short-return.yaml")) == Path()

    monkeypatch.chdir(folder / "sops")
    assert find_root(Path("short-return.yaml")).resolve() == folder.resolve()


# ── One procedure ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_not_there_is_a_diagnostic(tmp_path):
    """Neither a procedure nor a form raises."""
    shelf, _ = Shelf.of(tmp_path)
    missing = tmp_path / "missing.yaml"

    assert [one.code for one in load_sop(missing, shelf)[1]] == ["SOP100"]
    assert [one.code for one in load_form(missing)[1]] == ["SOP100"]
    assert [one.code for one in load_sop(tmp_path, shelf)[1]] == ["SOP100"]


def test_faults_of_text_and_of_shape_are_told_in_one_run(folder):
    """In the order of the file, with the place of each."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    text = text.replace("start: counselling", "start: counselling\nstart: departed").replace(
        "phase: travel", "phse: travel"
    )
    path = write(folder / "sops" / "short-return.yaml", text)

    loaded, found = load_sop(path, Shelf.of(folder)[0])

    assert loaded is None
    assert [one.code for one in found] == ["YAML005", "SOP101"]
    assert [one.place.line for one in found] == sorted(one.place.line for one in found)


def test_a_text_cut_at_its_comma_is_read_as_meant_and_warned_of(folder):
    """`{en: Risk matrix, origin part}` is one text to whoever wrote it."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    path = write(
        folder / "sops" / "short-return.yaml", text.replace('"Risk matrix, origin part"', "Risk matrix, origin part")
    )

    loaded, found = load_sop(path, Shelf.of(folder)[0])

    assert [(one.code, str(one.severity)) for one in found] == [("SOP108", "warning")]
    assert loaded is not None
    strand = loaded.sop.steps["assessment"].strands["risk"]
    assert strand.steps["origin_part"].title["en"] == "Risk matrix, origin part"


def test_a_language_without_words_is_an_error_not_a_comma(folder):
    """There a translation was forgotten."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    path = write(
        folder / "sops" / "short-return.yaml",
        text.replace("title: {en: Under way, fr: En route}", "title: {en: Under way, fr}"),
    )

    assert [one.code for one in load_sop(path, Shelf.of(folder)[0])[1]] == ["SOP103"]


# ── Shared safeguards ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_shared_safeguard_stands_where_it_is_used(folder):
    """Its placeholders are bound; one in a list may be bound to several names."""
    own = "{use: consent-first, where: {departure: [depart, arrive], consent: informed_consent.return}}"
    loaded = sound(folder, f"safeguards: [{own}]\n")

    taken_up = loaded.sop.safeguards[-1]
    assert isinstance(taken_up, Safeguard)
    assert (taken_up.id, taken_up.before) == ("consent-first", ("depart", "arrive"))
    assert taken_up.require[0].form == "informed_consent.return"  # type: ignore[union-attr]


def test_without_a_folder_of_safeguards_the_hint_says_so(tmp_path):
    """Until there are shared ones, a procedure writes its safeguards out."""
    text = (HERE / "sops" / "short-return.yaml").read_text(encoding="utf-8") + "  - {use: consent-first}\n"
    _, found = load_sop(write(tmp_path / "one.yaml", text), Shelf.of(tmp_path)[0])

    assert [one.code for one in found] == ["SOP130"]
    assert 'no folder "safeguards"' in found[0].hint


def test_a_shared_safeguard_holds_something_itself(folder):
    """One that only takes up another would be listed, and never be checked."""
    write(folder / "safeguards" / "hollow.yaml", "use: consent-first\n")

    _, beside = Shelf.of(folder)
    _, found = variant(folder, "safeguards: [{use: hollow}]\n")

    assert [(one.code, one.place.file) for one in beside] == [("SOP130", str(folder / "safeguards" / "hollow.yaml"))]
    assert [(one.code, one.place.file) for one in found] == [("SOP134", str(folder / "sops" / "variant.yaml"))]


# ── Variants ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_variant_takes_over_what_it_does_not_say(folder):
    """Everything but the id and the version."""
    loaded = sound(folder, "version: 3\n")
    base, _ = load_sop(folder / "sops" / "short-return.yaml", loaded.shelf)

    assert base is not None
    assert loaded.sop == base.sop.model_copy(update={"sop": "variant", "version": 3})


def test_mappings_merge_lists_replace_and_remove_deletes(folder):
    """At every depth."""
    loaded = sound(folder, (
        "title: {fr: Variante}\n"
        "steps:\n"
        "  counselling:\n"
        "    guidance: []\n"
        "    due: {within: 4 weeks, remind: [1 week before]}\n"
        "    actions:\n"
        "      decline: {remove: true}\n"
        "      stay_here: {to: closed_stays, by: any}\n"
    ))  # fmt: skip

    step = loaded.sop.steps["counselling"]
    assert loaded.sop.title == {"en": "Safe return of an adult (short)", "fr": "Variante"}
    assert step.guidance == ()
    assert list(step.actions) == ["request_return", "stay_here"]
    assert step.due is not None
    assert step.due.within == Duration.parse("4 weeks")
    assert [rung.length for rung in step.due.remind] == [Duration.parse("1 week")]
    assert step.due.escalate[0].to == ("return_operator",)


def test_add_lengthens_a_list_and_keeps_what_stands_there(folder):
    """In lists of names, of requirements and of bases; an entry for a form that is listed takes that one's place."""
    loaded = sound(folder, (
        "steps:\n"
        "  counselling:\n"
        "    guidance: {add: [palermo-protocol-2000]}\n"
        "    basis: {add: [{strength: assumption, note: ours}]}\n"
        "    forms: {add: [{form: informed_consent, by: [case_manager]}, travel_plan]}\n"
        "    actions:\n"
        "      request_return:\n"
        "        requires: {add: [{waited: {since: counselling, at_least: 1 day}}]}\n"
    ))  # fmt: skip
    base, _ = load_sop(folder / "sops" / "short-return.yaml", loaded.shelf)

    assert base is not None
    was, step = base.sop.steps["counselling"], loaded.sop.steps["counselling"]
    assert step.guidance == (*was.guidance, "palermo-protocol-2000")
    assert step.basis[:-1] == was.basis
    assert step.basis[-1].note == "ours"
    assert [(one.form, one.by) for one in step.forms] == [("informed_consent", ("case_manager",)), ("travel_plan", ())]
    before, now = was.actions["request_return"].requires, step.actions["request_return"].requires
    assert now[: len(before)] == before
    assert len(now) == len(before) + 1


def test_what_is_added_to_a_list_stands_in_the_file_of_the_variant(folder):
    """A fault in it is shown there, and what the base lists is shown where the base lists it."""
    loaded = sound(folder, "steps: {counselling: {guidance: {add: [palermo-protocol-2000]}}}\n")

    assert loaded.marks.value(("steps", "counselling", "guidance", 0)).file.endswith("short-return.yaml")
    assert loaded.marks.value(("steps", "counselling", "guidance", 1)).file.endswith("variant.yaml")


def test_add_needs_a_list_to_add_to(folder):
    """Where the base says nothing, the list itself is written: nobody takes a typing error for an addition."""
    found = variant(folder, "steps: {counselling: {actions: {decline: {tell: {add: [case_manager]}}}}}\n")[1]

    assert [(one.code, one.place.line) for one in found] == [("SOP123", 3)]
    assert "has none there" in found[0].message


def test_a_word_that_stands_for_a_list_is_lengthened_too(folder):
    """`by: any` is a list of one."""
    text = "steps: {counselling: {actions: {decline: {by: case_manager}}}}\n"
    write(folder / "sops" / "middle.yaml", "sop: middle\nextends: short-return\n" + text)
    over = "sop: third\nextends: middle\nsteps: {counselling: {actions: {decline: {by: {add: [return_operator]}}}}}\n"
    loaded, found = load_sop(write(folder / "sops" / "third.yaml", over), Shelf.of(folder)[0])

    assert found == []
    assert loaded is not None
    assert loaded.sop.steps["counselling"].actions["decline"].by == ("case_manager", "return_operator")


def test_a_new_step_stands_after_the_one_before_it_in_the_variant(folder):
    """Pictures and lists follow the order of the file; what stands first in the variant comes last."""
    step = "{phase: assessment, title: {en: New, fr: Neuf}, responsible: [case_manager], actions: {on: {to: departed, by: any}}}"
    loaded = sound(folder, (
        "steps:\n"
        "  counselling: {actions: {new: {to: added, by: any}}}\n"
        f"  added: {step}\n"
        "  departed: {guidance: []}\n"
    ))  # fmt: skip

    assert list(loaded.sop.steps)[:4] == ["counselling", "added", "assessment", "departed"]


def test_an_action_may_be_named_add(folder):
    """Only a list is lengthened; in a mapping `add` is a key like any other."""
    loaded = sound(folder, "steps: {counselling: {actions: {add: {to: closed_stays, by: any}}}}\n")

    assert "add" in loaded.sop.steps["counselling"].actions


def test_a_single_basis_is_replaced_like_a_list_of_one(folder):
    """An article of one source must not be left standing under another."""
    loaded = sound(folder, "steps: {counselling: {basis: {strength: assumption, note: ours}}}\n")

    (basis,) = loaded.sop.steps["counselling"].basis
    assert (basis.source, basis.article, basis.note) == (None, None, "ours")


def test_a_place_of_a_variant_points_into_the_file_where_it_stands(folder):
    """What was taken over stands in the other file."""
    loaded = sound(folder, "steps: {counselling: {due: {within: 5 days}}}\n")

    assert loaded.marks.value(("steps", "counselling", "due", "within")).file.endswith("variant.yaml")
    assert loaded.marks.value(("steps", "counselling", "due", "calendar")).file.endswith("short-return.yaml")


def test_a_variant_of_a_variant_is_built_on_both(folder):
    """Each is measured against the one it extends."""
    sound(folder, "steps: {counselling: {due: {within: 5 days}}}\n")
    path = write(
        folder / "sops" / "third.yaml", "sop: third\nextends: variant\nsteps: {counselling: {due: {within: 4 days}}}\n"
    )
    loaded, found = load_sop(path, Shelf.of(folder)[0])

    assert found == []
    assert loaded is not None
    due = loaded.sop.steps["counselling"].due
    assert due is not None
    assert (due.within, due.calendar) == (Duration.parse("4 days"), "destination")


def test_procedures_that_extend_one_another_are_told_the_circle(folder):
    """Wherever one enters it."""
    first = write(folder / "sops" / "first.yaml", "sop: first\nextends: second\n")
    second = write(folder / "sops" / "second.yaml", "sop: second\nextends: first\n")
    shelf, _ = Shelf.of(folder)

    for path in (first, second):
        _, found = load_sop(path, shelf)

        assert [(one.code, one.place.file) for one in found] == [("SOP121", str(path))]
        assert '"first" extends "second"' in found[0].message


def test_nothing_is_built_on_a_procedure_with_faults(folder):
    """Its faults are told where it is checked itself."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    write(folder / "sops" / "short-return.yaml", text.replace("phase: travel", "phse: travel"))

    assert codes(folder, "") == ["SOP124"]


# ── What protects people can only grow ───────────────────────────────────────────────────────────────────────────

RISK = "risk-before-departure, require: [{form: risk_matrix.joint, where: {decision: %s}%s}]"


@pytest.mark.parametrize(
    "stricter",
    [
        "safeguards: [{id: %s}]" % (RISK % ("favourable", "")),
        "safeguards: [{id: %s}]" % (RISK % ("[favourable, conditional]", ", not_older_than: 30 days")),
        "safeguards: [{id: %s}]" % (RISK % ("[favourable, conditional]", ", signed_by: [receiving_worker]")),
        "safeguards: [{id: a-way-out-everywhere, reachable: [closed_stays]}]",
        "safeguards: [{id: every-departure-is-followed, bounded: true, within: 24 hours}]",
        "safeguards: [{id: withdraw-any-time, title: {en: Any time, fr: À tout moment}}]",
        "safeguards: [{id: one-more, in: any, available: withdraw_consent}]",
        "share_when: [{at: [assessment]}]",
        "roles: {second_worker: {side: origin, title: {en: Second, fr: Second}}}",
    ],
)
def test_a_variant_may_protect_more(folder, stricter):
    """More requirements, fewer values, a smaller age, fewer ways out, another safeguard."""
    assert codes(folder, stricter + "\n") == []


@pytest.mark.parametrize(
    ("weaker", "line"),
    [
        ("safeguards: {remove: true}", 3),
        ("safeguards:\n- {id: withdraw-any-time, remove: true}", 4),
        ("safeguards:\n- {id: %s}" % (RISK % ("[favourable, conditional, unfavourable]", "")), 4),
        ("safeguards:\n- {id: consent-before-departure, before: arrive}", 4),
        ("safeguards:\n- {id: withdraw-any-time, in: {phases: [decision]}}", 4),
        ("safeguards:\n- {id: withdraw-any-time, if: {fact: {x: true}}}", 4),
        (
            "safeguards:\n- {id: every-departure-is-followed, eventually: [{enter: closed_returned}, {enter: closed_stays}]}",
            4,
        ),
        ("share_when:\n  receiving_worker: []", 4),
        ("share_when: {remove: true}", 3),
        ("roles:\n  receiving_worker: {side: destination}", 4),
    ],
)
def test_a_variant_may_not_protect_less(folder, weaker, line):
    """Whatever way it is written, it is told at its place."""
    _, found = variant(folder, weaker + "\n")

    assert [(one.code, one.place.line) for one in found] == [("SOP122", line)]


ASKED = """\
steps:
  counselling:
    forms:
      - {form: informed_consent.return, requires: [{form: risk_matrix.destination}]}
      - informed_consent.data_share
share_when:
  - {form: risk_matrix.destination}
safeguards:
  - {id: age, before: depart, require: [{form: risk_matrix.joint, not_older_than: 2 weeks}]}
  - {id: place, before: depart, require: [{form: travel_plan, not_in_list: {place: barred}, in_list: {country: open}}]}
  - {id: fact, before: depart, require: [{fact: {ready: [true]}}, {any_of: [{step_done: counselling}, {strands: done}]}]}
  - {id: soon, after: depart, eventually: arrive, within: 24 hours, escalate: [{after: 1 hour, to: [case_manager]}], bounded: true}
lists: {barred: [north], open: [AL]}
facts: {ready: {type: boolean, title: {en: Ready, fr: Prêt}}}
"""


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("steps: {counselling: {forms: [{form: informed_consent.return, "
         "requires: [{form: risk_matrix.destination}, {at: [counselling]}]}]}}", 0),
        ("steps: {counselling: {forms: [informed_consent.return]}}", 1),
        ("steps: {counselling: {forms: [informed_consent]}}", 1),
        ("steps: {counselling: {forms: [informed_consent.data_share]}}", 0),
        ("safeguards: [{id: age, require: [{form: risk_matrix.joint, not_older_than: 14 days}]}]", 0),
        ("safeguards: [{id: age, require: [{form: risk_matrix.joint, not_older_than: 15 days}]}]", 1),
        ("safeguards: [{id: age, require: [{form: risk_matrix.joint}]}]", 1),
        ("lists: {barred: [north, south]}", 0),
        ("lists: {barred: [south]}", 1),
        ("lists: {open: [AL, MA]}", 1),
        ("safeguards: [{id: fact, require: [{fact: {ready: [true]}}, {step_done: counselling}]}]", 0),
        ("safeguards: [{id: fact, require: [{fact: {ready: [true, false]}}, {strands: done}]}]", 1),
        ("safeguards: [{id: fact, require: [{fact: {ready: [true]}}, {any_of: [{strands: done}, {at: [departed]}]}]}]", 1),
        ("safeguards: [{id: soon, within: 1 day}]", 0),
        ("safeguards: [{id: soon, within: 23 hours}]", 0),
        ("safeguards: [{id: soon, within: 2 days}]", 1),
        ("safeguards: [{id: soon, within: 1 working day}]", 1),
        ("safeguards: [{id: soon, escalate: []}]", 1),
        ("safeguards: [{id: soon, bounded: false}]", 1),
        ("safeguards: [{id: soon, from: {form: travel_plan, field: departs_on}}]", 1),
        ("share_when: [{form: risk_matrix.destination}]", 0),
    ],
)  # fmt: skip
def test_each_kind_of_protection_is_measured(folder, change, wrong):
    """The first variant asks for something; the second changes it."""
    sound(folder, ASKED)
    path = write(folder / "sops" / "third.yaml", f"sop: third\nextends: variant\n{change}\n")
    _, found = load_sop(path, Shelf.of(folder)[0])

    assert [one.code for one in found] == ["SOP122"] * wrong


def test_a_narrower_key_of_share_when_can_not_ask_for_less(folder):
    """The narrowest key counts, so a new one replaces what the wider one asks."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    old = "share_when:                           # what must hold before anything at all is told across the border\n"
    assert old in text
    narrow = text.replace(old, old + "  origin:\n").replace(
        "  - {form: informed_consent.data_share", "    - {form: informed_consent.data_share", 1
    )
    write(folder / "sops" / "short-return.yaml", narrow)
    asked = "{form: informed_consent.data_share, where: {decision: consents}}"

    assert codes(folder, "share_when: {receiving_worker: []}\n") == ["SOP122"]
    assert codes(folder, "share_when: {destination: []}\n") == ["SOP122", "SOP122"]
    assert codes(folder, f"share_when: {{receiving_worker: [{asked}, {{at: [departed]}}]}}\n") == []


def test_more_faults_than_anybody_reads_are_counted(folder):
    """So many are told, and how many more there are."""
    text = (folder / "sops" / "short-return.yaml").read_text(encoding="utf-8")
    path = write(folder / "sops" / "short-return.yaml", text + "".join(f"key{number}: x\n" for number in range(150)))
    _, found = load_sop(path, Shelf.of(folder)[0])

    assert len(found) == MAX_FAULTS + 1
    assert [one.code for one in found].count("SOP199") == 1
    assert "50 more faults" in next(one.message for one in found if one.code == "SOP199")


def test_every_code_that_is_told_is_explained():
    """Each code of a golden file stands in the table, and each of the table's in a golden file or a test of its own."""
    told = {line.rsplit("[", 1)[1][:-1] for path in (HERE / "bad").glob("*.out") for line in path.read_text().splitlines()
            if line.endswith("]") and "[SOP1" in line}  # fmt: skip

    assert told <= CODES.keys()
    assert CODES.keys() - told == {"SOP124", "SOP127", "SOP134", "SOP135", "SOP199"}


def test_a_safeguard_said_anew_twice_is_told(folder):
    """Which of the two would count?"""
    own = "{id: every-departure-is-followed, bounded: true}"

    _, found = variant(folder, f"safeguards: [{own}, {own}]\n")

    assert [(one.code, one.place.line) for one in found] == [("SOP110", 3)]
