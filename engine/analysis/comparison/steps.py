"""Steps, their actions, deadlines and forms side by side."""

from __future__ import annotations

from collections.abc import Mapping

from engine.analysis.comparison.changes import Changes, Effect, Side, Subject, lengths, listed, shown
from engine.analysis.comparison.guards import requirements
from engine.sop import model as m
from engine.sop.outline import Kind, Line, Outline, Spot, outline_of
from engine.sop.stricter import shorter


def steps(changes: Changes) -> None:
    """Say which steps come and go, and what differs in those that stay; renamed ones come and go."""
    old, new = outline_of(changes.old.sop, changes.old.forms), outline_of(changes.new.sop, changes.new.forms)
    _lines(changes, old, new)
    for name, spot in old.by_name.items():
        if name not in new.by_name:
            changes.add(Effect.GONE, Subject.STEP, name, f"{_described(changes.old, spot)} is gone")
    for name, spot in new.by_name.items():
        if name not in old.by_name:
            text = f"{_described(changes.new, spot)} is new{_who(changes.new, spot.step)}"
            changes.add(Effect.NEW, Subject.STEP, name, text)
        else:
            _step(changes, old.by_name[name], spot)
    actions(changes, "", "from anywhere", changes.old.sop.everywhere, changes.new.sop.everywhere)


def _described(side: Side, spot: Spot) -> str:
    where = {Kind.MAIN: "step", Kind.STRAND: f"step of strand “{spot.line.rpartition('/')[2]}”"}
    return f"{where.get(spot.kind, f'step alongside (“{spot.line[1:]}”)')} {side.step(spot.name)}"


def _who(side: Side, step: m.Step) -> str:
    return f", for {side.roles(step.responsible)}" if step.responsible else ""


def _lines(changes: Changes, old: Outline, new: Outline) -> None:
    """Compare strands and the lines alongside: whether they are there, where they start, how they are called."""
    for key in dict.fromkeys([*old.lines, *new.lines]):
        before, now = old.lines.get(key), new.lines.get(key)
        if before is None or now is None:
            line = now or before
            assert line is not None
            effect, word = (Effect.NEW, "new") if before is None else (Effect.GONE, "gone")
            if line.parent is None or (line.parent in old.by_name and line.parent in new.by_name):
                changes.add(effect, Subject.STEP, line.key, f"{_line(line)} is {word}")
        elif key:
            was, becomes = _strand(changes.old.sop, before), _strand(changes.new.sop, now)
            changes.fields(Subject.STEP, key, _line(now), was, becomes, ("steps",))
        if before is not None and now is not None:
            stay = [one for one in before.steps if one in now.steps]
            if stay != [one for one in now.steps if one in before.steps]:
                changes.add(Effect.CHANGED, Subject.STEP, key, f"the steps of {_line(now)} stand in another order")


def _line(line: Line) -> str:
    if not line.key:
        return "the main line"
    return f"line alongside “{line.name}”" if line.parent is None else f"strand “{line.name}” of step “{line.parent}”"


def _strand(sop: m.Sop, line: Line) -> m.Strand:
    return sop.alongside[line.name] if line.parent is None else sop.steps[line.parent].strands[line.name]


def _step(changes: Changes, before: Spot, now: Spot) -> None:
    old, new, at, who = before.step, now.step, now.name, changes.new.step(now.name)
    if before.line != now.line:
        text = f"{who} is now a {_described(changes.new, now)}, and was a {_described(changes.old, before)}"
        changes.add(Effect.CHANGED, Subject.STEP, at, text)
    changes.names(
        Subject.STEP, at, old.responsible, new.responsible,
        f"now responsible for {who}: {{roles}}", f"no longer responsible for {who}: {{roles}}",
    )  # fmt: skip
    _forms(changes, at, who, old, new)
    _due(changes, at, who, old.due, new.due)
    _series(changes, at, who, old.series, new.series)
    actions(changes, at, f"at {who}", old.actions, new.actions)
    if old.reopens is not None and new.reopens is not None:
        asked = f"reopening {who}"
        requirements(changes, Subject.REQUIREMENT, at, asked, old.reopens.requires, new.reopens.requires)
        changes.fields(Subject.STEP, at, asked, old.reopens, new.reopens, ("requires",))
    elif old.reopens != new.reopens:
        changes.value(Subject.STEP, at, f"the reopening of {who}", old.reopens, new.reopens)
    told = ("responsible", "forms", "due", "series", "actions", "strands", "reopens")
    changes.fields(Subject.STEP, at, who, old, new, told)


def _forms(changes: Changes, at: str, who: str, old: m.Step, new: m.Step) -> None:
    before, now = _entries(old), _entries(new)
    for key in dict.fromkeys([*before, *now]):
        was, becomes, form = before.get(key), now.get(key), key[0]
        if becomes is None:
            text = f"“{changes.old.say.part(form)}” can no longer be recorded at {who}"
            changes.add(Effect.GONE, Subject.FORM, at, text)
        elif was is None:
            text = f"“{changes.new.say.part(form)}” can now be recorded at {who}"
            changes.add(Effect.NEW, Subject.FORM, at, text)
        else:
            recording = f"recording “{changes.new.say.part(form)}” at {who}"
            requirements(changes, Subject.REQUIREMENT, at, recording, was.requires, becomes.requires)
            changes.fields(Subject.FORM, at, recording, was, becomes, ("form", "requires"))
    if list(before) != list(now) and before.keys() == now.keys():
        changes.add(Effect.CHANGED, Subject.FORM, at, f"the forms of {who} stand in another order")


def _entries(step: m.Step) -> dict[tuple[str, int], m.FormEntry]:
    """Return the entries by form, and by number where a form stands twice."""
    found: dict[tuple[str, int], m.FormEntry] = {}
    for entry in step.forms:
        found[(entry.form, sum(form == entry.form for form, _ in found))] = entry
    return found


# ── Time ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _due(changes: Changes, at: str, who: str, old: m.DeadlineRule | None, new: m.DeadlineRule | None) -> None:
    if old is None or new is None:
        if new is not None:
            changes.add(Effect.NEW, Subject.DEADLINE, at, f"{who} now has a deadline: {_when(new)}")
        elif old is not None:
            changes.add(Effect.GONE, Subject.DEADLINE, at, f"{who} no longer has a deadline (it was {_when(old)})")
        return
    if old.within is not None and new.within is not None and old.within != new.within:
        sooner = shorter(new.within, old.within)
        word = "sooner" if sooner else "later" if shorter(old.within, new.within) else "at another time"
        changes.add(Effect.CHANGED, Subject.DEADLINE, at, f"{who} is due {word}: {lengths(old.within, new.within)}")
    elif (old.within, old.before) != (new.within, new.before):
        text = f"{who} is due at another time: {_when(new)} instead of {_when(old)}"
        changes.add(Effect.CHANGED, Subject.DEADLINE, at, text)
    for effect, rule, other, word in ((Effect.GONE, old, new, "no longer"), (Effect.NEW, new, old, "now")):
        for rung in (one for one in rule.remind if one not in other.remind):
            text = f"{word} a reminder {rung.length} {rung.direction} the deadline of {who}{_if_late(rung)}"
            changes.add(effect, Subject.DEADLINE, at, text)
        side = changes.old if rule is old else changes.new
        for step in (one for one in rule.escalate if one not in other.escalate):
            text = f"{word} told {step.after} after the deadline of {who}{_if_late(step)}: {side.roles(step.to)}"
            changes.add(effect, Subject.DEADLINE, at, text)
    for name in ("remind", "escalate"):
        before, now = getattr(old, name), getattr(new, name)
        if before != now and set(before) == set(now):
            changes.value(Subject.DEADLINE, at, f"{name} of {who}", before, now)
    changes.fields(Subject.DEADLINE, at, f"the deadline of {who}", old, new, ("within", "before", "remind", "escalate"))


def _if_late(rung: m.Rung | m.Escalation) -> str:
    """Say what becomes of a rung that was missed, where it is not what becomes of all."""
    return {m.Late.SEND: " (sent even if it is late)", m.Late.SKIP: " (skipped if it is late)"}.get(rung.late, "")


def _when(rule: m.DeadlineRule) -> str:
    if rule.within is not None:
        return f"within {rule.within}"
    return f"{rule.before} before {shown(rule.from_)}"


def _series(changes: Changes, at: str, who: str, old: Mapping[str, m.Series], new: Mapping[str, m.Series]) -> None:
    for name in dict.fromkeys([*old, *new]):
        before, now = old.get(name), new.get(name)
        if before is None or now is None:
            effect, word = (Effect.NEW, "now") if before is None else (Effect.GONE, "no longer")
            times = listed(map(str, (now or before).at))  # type: ignore[union-attr]
            changes.add(effect, Subject.DEADLINE, at, f"series “{name}” {word} comes round at {who}: {times}")
        else:
            told = f"series “{name}” at {who}"
            requirements(changes, Subject.REQUIREMENT, at, told, before.requires, now.requires)
            changes.fields(Subject.DEADLINE, at, told, before, now, ("requires",))
    if list(old) != list(new) and old.keys() == new.keys():
        changes.add(Effect.CHANGED, Subject.DEADLINE, at, f"the series of {who} stand in another order")


# ── Actions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def actions(changes: Changes, at: str, where: str, old: Mapping[str, m.Action], new: Mapping[str, m.Action]) -> None:
    """Say which actions come and go at one step or everywhere, and what differs in those that stay."""
    for name, action in old.items():
        if name not in new:
            text = f"{changes.old.roles(action.by)} can no longer take {_named(changes.old, name, action)} {where}"
            changes.add(Effect.GONE, Subject.ACTION, at, text)
    for name, action in new.items():
        if name not in old:
            leads = "" if action.to in (m.STAY, m.RESUME) else f", which leads to {changes.new.step(action.to)}"
            text = f"{changes.new.roles(action.by)} can now take {_named(changes.new, name, action)} {where}{leads}"
            changes.add(Effect.NEW, Subject.ACTION, at, text)
        elif action != old[name]:
            _action(changes, at, f"{_named(changes.new, name, action)} {where}", old[name], action)
    if list(old) != list(new) and old.keys() == new.keys():
        changes.add(Effect.CHANGED, Subject.ACTION, at, f"the actions {where} stand in another order")


def _named(side: Side, name: str, action: m.Action) -> str:
    return side.title(action.title) if action.title else f"“{name.replace('_', ' ')}”"


def _action(changes: Changes, at: str, who: str, old: m.Action, new: m.Action) -> None:
    requirements(changes, Subject.REQUIREMENT, at, who, old.requires, new.requires)
    if old.to != new.to:
        text = f"{who} leads to {_target(changes.new, new.to)} instead of {_target(changes.old, old.to)}"
        changes.add(Effect.CHANGED, Subject.ACTION, at, text)
    for kept, come, gone in (
        ("by", f"{{roles}} can now take {who}", f"{{roles}} can no longer take {who}"),
        ("noted_by", f"{{roles}} can now enter {who}", f"{{roles}} can no longer enter {who}"),
    ):
        changes.names(Subject.ACTION, at, getattr(old, kept), getattr(new, kept), come, gone)
    changes.names(
        Subject.ACTION, at, [one.role for one in old.tell], [one.role for one in new.tell],
        f"now told of {who}: {{roles}}", f"no longer told of {who}: {{roles}}",
    )  # fmt: skip
    before = {one.role: one for one in old.tell}
    for tell in new.tell:
        if tell.role in before:
            changes.fields(
                Subject.ACTION,
                at,
                f"telling {changes.new.role(tell.role)} of {who}",
                before[tell.role],
                tell,
                ("role",),
            )
    changes.fields(Subject.ACTION, at, who, old, new, ("requires", "to", "by", "noted_by", "tell"))


def _target(side: Side, name: str) -> str:
    return {m.STAY: "no other step", m.RESUME: "where the case stood"}.get(name, side.step(name))
