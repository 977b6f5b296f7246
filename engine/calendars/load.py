"""file -> calendar, or all its diagnostics in one run: first its shape, then what a calendar can't say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from pathlib import Path as File
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from engine.calendars.model import CountryCalendar
from engine.diagnostics import Diagnostic, Place, Severity, did_you_mean, in_order
from engine.source import MAX_BYTES, Marks, Path, read

CODES: Final = {
    "CAL100": "the file can't be opened, or holds no calendar",
    "CAL101": "a key that a calendar does not have",
    "CAL102": "a key that must be there is missing",
    "CAL103": "a value is not written as it must be",
    "CAL104": "a day that does not exist",
    "CAL105": "one day is said to be two things at once",
    "CAL106": "a day outside the years that the calendar knows, or years that end before they begin",
    "CAL107": "the calendar contradicts itself",
    "CAL108": "the file does not bear the name of its country",
    "CAL109": "a year without any holiday, among years that have some (a warning)",
    "CAL201": "the known years end soon: a warning two years ahead, an error one year ahead",
    "CAL202": "a procedure counts working days in a country that has no calendar, or one that can't be counted on",
}

WARN_AHEAD: Final = 730
"""Days before the end of the known years at which a warning begins."""

REFUSE_AHEAD: Final = 365
"""Days before the end of the known years at which the warning becomes an error."""

_SAID: Final = {
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of days",
    "model_type": "must be a mapping of keys and values",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "enum": "is none of the words there are",
    "string_pattern_mismatch": "is not written as it must be",
    "int_parsing": "must be a year, such as 2026",
    "greater_than_equal": "is too early a year",
    "less_than_equal": "is too late a year",
}

_SECTIONS: Final = {
    "holidays": "a holiday",
    "half_days": "a half day",
    "worked_days": "a worked day of the weekend",
}


def load_calendar(path: File) -> tuple[CountryCalendar | None, list[Diagnostic]]:
    """Read one country's calendar; answers all its faults in one run, and None where an error leaves no sound one."""
    name = str(path)
    try:
        with path.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1)
    except OSError as why:
        return None, [Diagnostic("CAL100", f"the file can't be opened: {why.strerror}", Place(name))]
    return read_calendar(text, name)


def read_calendar(text: bytes | str, name: str) -> tuple[CountryCalendar | None, list[Diagnostic]]:
    """Read the text of a calendar's file of that name; answers as `load_calendar` does."""
    source, found = read(text, name)
    if source is None:
        return None, in_order(found)
    if not isinstance(source.value, dict):
        head = Diagnostic("CAL100", "the file holds no calendar", source.marks.value(()), "it begins with `calendar:`")
        return None, in_order([*found, head])
    try:
        known = CountryCalendar.model_validate(source.value)
    except ValidationError as why:
        return None, in_order([*found, *_told(why, source.marks)])
    found += _contradictions(known, source.marks)
    if File(name).name != f"{known.calendar.lower()}.yaml":
        message = f'the calendar of {known.calendar} stands in "{File(name).name}"'
        hint = f'name the file "{known.calendar.lower()}.yaml", so that it is found'
        found.append(Diagnostic("CAL108", message, source.marks.value(("calendar",)), hint))
    broken = any(one.severity is Severity.ERROR for one in found)
    return None if broken else known, in_order(found)


def ends_soon(known: CountryCalendar, today: date, place: Place) -> Diagnostic | None:
    """Tell that the known years end soon, well before anything has to be counted beyond them."""
    if known.years is None:
        return None
    last = date(known.years.last, 12, 31)
    left = (last - today).days
    if left > WARN_AHEAD:
        return None
    when = f"ends in {left} days" if left >= 0 else "has ended"
    hint = f"passerelle calendar propose {known.calendar} --years {known.years.first}-{known.years.last + 5} --write"
    severity = Severity.ERROR if left <= REFUSE_AHEAD else Severity.WARNING
    message = f"the calendar of {known.calendar} {when}: its last known day is {last}"
    return Diagnostic("CAL201", message, place, hint, severity)


def place_of_end(path: File) -> Place:
    """Return where a file says its last known year."""
    source, _ = read(path.read_bytes(), str(path))
    return Place(str(path)) if source is None else source.marks.value(("years", "last"))


# ── What a calendar can't say ────────────────────────────────────────────────────────────────────────────────────


def _contradictions(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    yield from _two_things_at_once(known, marks)
    yield from _outside_the_years(known, marks)
    yield from _of_the_week(known, marks)
    yield from _of_the_hours(known, marks)
    yield from _of_the_status(known, marks)
    yield from _without_holidays(known, marks)


def _two_things_at_once(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    said: dict[date, str] = {}
    for section, what in _SECTIONS.items():
        for day in getattr(known, section):
            if day in said:
                message = f"{day} is {said[day]} and {what} at once"
                yield Diagnostic("CAL105", message, marks.key((section, day.isoformat())), "leave one of the two")
            said.setdefault(day, what)


def _outside_the_years(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    years = known.years
    if years is not None and years.last < years.first:
        message = f"the known years end ({years.last}) before they begin ({years.first})"
        yield Diagnostic("CAL106", message, marks.value(("years", "last")))
        return
    for section in _SECTIONS:
        for day in getattr(known, section):
            if years is None or not years.first <= day.year <= years.last:
                told = "no years are known" if years is None else f"the known years are {years.first} to {years.last}"
                yield Diagnostic(
                    "CAL106",
                    f"{day} lies outside the calendar: {told}",
                    marks.key((section, day.isoformat())),
                    "widen `years` once all holidays of the year are here",
                )


def _of_the_week(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    weekend = known.weekend
    if weekend is None:
        return
    if len(set(weekend)) != len(weekend):
        yield Diagnostic("CAL107", "a day of the weekend stands twice", marks.value(("weekend",)))
    if len(set(weekend)) == 7:
        yield Diagnostic("CAL107", "a week without any working day", marks.value(("weekend",)))
    free = {day.number for day in weekend}
    for day in known.worked_days:
        if day.weekday() not in free:
            place = marks.key(("worked_days", day.isoformat()))
            yield Diagnostic("CAL107", f"{day} is a working day anyway", place, "only days of the weekend stand here")
    for day in known.half_days:
        if day.weekday() in free:
            place = marks.key(("half_days", day.isoformat()))
            yield Diagnostic("CAL107", f"{day} is a day of the weekend, on which nothing closes early", place)


def _of_the_hours(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    hours = known.office_hours
    if hours is None:
        return
    if hours.closes <= hours.opens:
        yield Diagnostic("CAL107", "offices close before they open", marks.value(("office_hours", "closes")))
    for day, half in known.half_days.items():
        if half.closes is not None and not hours.opens < half.closes <= hours.closes:
            place = marks.value(("half_days", day.isoformat(), "closes"))
            yield Diagnostic("CAL107", f"on {day} offices would close outside their hours", place)


def _of_the_status(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    if not known.is_confirmed:
        return
    lacking = {
        "weekend": known.weekend is None or known.sources.weekend is None,
        "holidays": known.years is None or known.sources.holidays is None,
    }
    for part, is_lacking in lacking.items():
        if is_lacking:
            message = f"the calendar is said to be confirmed, and its {part} is not known or names no source"
            hint = f"name it under `sources: {{{part}: …}}`, or write `status: not confirmed`"
            yield Diagnostic("CAL107", message, marks.value(("status",)), hint)


def _without_holidays(known: CountryCalendar, marks: Marks) -> Iterator[Diagnostic]:
    if known.years is None or not known.holidays:
        return
    named = {year for year, _ in groupby(sorted(known.holidays), lambda day: day.year)}
    for year in range(known.years.first, known.years.last + 1):
        if year not in named:
            message = f"{year} has no holiday at all, and other years have some"
            yield Diagnostic("CAL109", message, marks.key(("holidays",)), severity=Severity.WARNING)


# ── What is wrong with its shape ─────────────────────────────────────────────────────────────────────────────────


def _told(refused: ValidationError, marks: Marks) -> Iterator[Diagnostic]:
    errors = refused.errors(include_input=False, include_url=False, include_context=False)
    lists = {error["loc"][:-1] for error in errors}
    for error in errors:
        if error["type"] == "too_short" and error["loc"] in lists:
            continue  # it is only empty because what stands in it can't be taken
        path: Path = tuple(step for step in error["loc"] if step != "[key]")
        is_key = "[key]" in error["loc"]
        key = str(path[-1]) if path else ""
        fields = _fields_at(path[:-1])
        said = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            hint = did_you_mean(key, list(fields), "keys")
            yield Diagnostic("CAL101", f'unknown key "{key}"', marks.key(path), hint)
        elif error["type"] == "missing":
            hint = f'add "{key}: …" ({fields[key].description})'
            yield Diagnostic("CAL102", f'"{key}" is missing', marks.value(path[:-1]), hint)
        elif is_key:
            yield Diagnostic("CAL104" if said.startswith("there is no day") else "CAL103", said, marks.key(path))
        else:
            what = next((step for step in reversed(path) if isinstance(step, str)), "this calendar")
            described = _fields_at(_before(path, what)).get(what)
            message = said if error["type"] == "value_error" else f'"{what}" {_SAID.get(error["type"], said)}'
            yield Diagnostic("CAL103", message, marks.value(path), (described and described.description) or "")


def _before(path: Path, what: str) -> Path:
    return path[: len(path) - 1 - list(reversed(path)).index(what)]


def _fields_at(path: Path) -> Mapping[str, Any]:
    """Return the fields of the model at a path: keys of mappings by day lead to the model of their values."""
    model: Any = CountryCalendar
    for step in path:
        field = model.model_fields.get(step) if _is_model(model) else None
        if field is not None:
            model = next((one for one in _within(field.annotation) if _is_model(one)), None)
    return model.model_fields if _is_model(model) else {}


def _within(annotation: Any) -> Iterable[Any]:
    return (annotation, *getattr(annotation, "__args__", ()))


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
