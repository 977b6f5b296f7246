"""The words all rooms share: references that forgive and find mistakes, durations, instants as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.values import Duration, Unit, new_reference, read_reference, rfc3339

SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_new_reference_reads_back_in_any_hand():
    """Small letters, missing dashes and look-alikes are understood."""
    for _ in range(200):
        ref = new_reference()

        assert read_reference(ref) == ref
        assert read_reference(ref.lower().replace("-", " ").replace("0", "o").replace("1", "l")) == ref


@given(position=st.integers(0, 8), symbol=st.sampled_from(SYMBOLS))
def test_every_single_wrong_character_is_found(position, symbol):
    """A slip of the pen never leads to another case."""
    plain = new_reference().replace("-", "")
    wrong = plain[:position] + symbol + plain[position + 1 :]
    if wrong == plain:
        return

    with pytest.raises(ValueError, match="check symbol"):
        read_reference(wrong)


@given(position=st.integers(0, 6))
def test_every_swap_of_neighbours_is_found(position):
    """Nor do two letters in the wrong order."""
    plain = new_reference().replace("-", "")
    wrong = plain[:position] + plain[position + 1] + plain[position] + plain[position + 2 :]
    if wrong == plain:
        return

    with pytest.raises(ValueError, match="check symbol"):
        read_reference(wrong)


@given(count=st.integers(0, 9999), unit=st.sampled_from(Unit))
def test_a_duration_reads_back_as_it_was_written(count, unit):
    """Whole numbers of hours, days, working days, weeks and months."""
    length = Duration(count, unit)

    assert Duration.parse(str(length)) == length


@pytest.mark.parametrize("text", ["", "3", "days", "1.5 days", "-1 day", "3 workdays", "10000 days", "3  days"])
def test_other_words_are_no_duration(text):
    """The message names the accepted forms."""
    with pytest.raises(ValueError, match="a duration is"):
        Duration.parse(text)


def test_an_instant_without_zone_is_never_written():
    """All times carry their offset."""
    assert rfc3339(datetime(2026, 3, 2, 8, 0, tzinfo=UTC)) == "2026-03-02T08:00:00Z"
    with pytest.raises(ValueError, match="without time zone"):
        rfc3339(datetime(2026, 3, 2, 8, 0))
