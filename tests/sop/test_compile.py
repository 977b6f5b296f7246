"""A checked procedure as tables and machines: what all cases of a version share, and may not change."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.settings import DEFINITIONS
from engine.sop import model as m
from engine.sop.compile import MAIN, CompiledSop, compile_sop
from engine.sop.load import Shelf, load_sop

SMALL = Path(__file__).parents[1] / "definitions"


def compiled(root: Path, name: str) -> CompiledSop:
    shelf, _ = Shelf.of(root)
    loaded, found = load_sop(root / "sops" / name, shelf)
    assert loaded is not None, found
    return compile_sop(loaded.sop, shelf.forms, "v")


@pytest.fixture(scope="module")
def adult() -> CompiledSop:
    return compiled(DEFINITIONS, "adult-return.yaml")


@pytest.fixture(scope="module")
def short() -> CompiledSop:
    return compiled(SMALL, "short-return.yaml")


def test_one_machine_for_the_main_line_each_strand_and_each_line_alongside(adult):
    """By name, with the steps of its own line and no other."""
    strands = {name: strand for step in adult.sop.steps.values() for name, strand in step.strands.items()}
    lines = {MAIN: adult.sop.steps, **{name: one.steps for name, one in {**strands, **adult.sop.alongside}.items()}}

    assert {name: list(machine.states) for name, machine in adult.machines.items()} == {
        name: list(steps) for name, steps in lines.items()
    }


def test_a_machine_holds_no_case_and_runs_nothing(adult):
    """No model, no transitions but those written, no callbacks, no conditions: only where each action leads."""
    hooks = ("prepare_event", "before_state_change", "after_state_change", "finalize_event", "on_exception", "on_final")
    for machine in adult.machines.values():
        run = [getattr(machine, hook) for hook in hooks]
        run += [hook for state in machine.states.values() for hook in (state.on_enter, state.on_exit)]
        run += [
            hook for one in machine.get_transitions() for hook in (one.prepare, one.conditions, one.before, one.after)
        ]

        assert machine.models == []
        assert not any(name.startswith("to_") for name in machine.events)
        assert not any(run)


def test_an_action_leads_where_it_is_written(adult):
    """The machine and the file are of one mind, for every action of every step and everywhere."""
    for name, step in adult.steps.items():
        for action in step.actions.values():
            wanted = name if action.model.to in (m.STAY, m.RESUME) else action.model.to
            assert adult.target(action, name) == wanted
    running = [name for name, step in adult.sop.steps.items() if step.end is None]
    for action in adult.everywhere.values():
        for name in running:
            assert adult.target(action, name) == (name if action.model.to == m.STAY else action.model.to)


def test_what_cases_share_can_not_be_changed(short):
    """A case that could change it would change all others."""
    with pytest.raises(FrozenInstanceError):
        short.version = "w"
    with pytest.raises(FrozenInstanceError):
        short.steps["counselling"].phase = "travel"


def test_sharing_by_a_keyed_part_without_its_key_asks_for_the_receivers_own(short):
    """`share_when` names no receiver there: for each role it is that role, for any of the part's purposes."""
    (guard,) = short.share["receiving_worker"] or ()

    assert isinstance(guard.requirement, m.AnyOfRequirement)
    (own,) = guard.requirement.any_of
    assert isinstance(own, m.FormRequirement)
    assert own.for_ == m.ForReceiver(role="receiving_worker", purpose="referral")
    assert own.where == {"decision": ("consents",)}
