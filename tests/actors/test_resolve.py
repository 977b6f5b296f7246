"""Who stands for which role when a case is launched."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.actors.model import Actor, Way
from engine.actors.resolve import NobodyStands, parties, stands_for
from engine.errors import UnknownName, WrongUse
from engine.values import Side


@dataclass(frozen=True)
class Role:
    side: Side
    from_step: str | None = None


ROLES = {
    "case_manager": Role(Side.DESTINATION),
    "receiving_worker": Role(Side.ORIGIN),
    "housing": Role(Side.ORIGIN, from_step="housing_planned"),
    "transit_office": Role(Side.TRANSIT, from_step="transit"),
    "person": Role(Side.PERSON),
}
FR_TO_AL = {Side.DESTINATION: "FR", Side.ORIGIN: "AL"}


def desk(id: str, country: str, *roles: str, enabled: bool = True, reachable: bool = True) -> Actor:
    ways = (Way(kind="mail", address=f"{id}@example.org"),) if reachable else ()
    return Actor(id=id, name=id, country=country, roles=roles, enabled=enabled, channels=ways)


FR = desk("fr-one", "FR", "case_manager", "receiving_worker")
AL = desk("al-one", "AL", "receiving_worker", "case_manager")


def test_takes_the_desk_of_the_country_on_whose_side_the_role_stands():
    """A desk that stands for both roles stands only for the one of its own country."""
    chosen = parties(ROLES, [FR, AL], FR_TO_AL, {})

    assert chosen == {"case_manager": "fr-one", "receiving_worker": "al-one"}


def test_names_every_role_for_which_nobody_can_be_told():
    """One refusal names them all; roles found only later and the person's own are not among them."""
    silenced = desk("al-off", "AL", "receiving_worker", enabled=False)
    unreachable = desk("fr-mute", "FR", "case_manager", reachable=False)

    with pytest.raises(NobodyStands) as refused:
        parties(ROLES, [silenced, unreachable], FR_TO_AL, {})

    assert [one.partition(":")[0] for one in refused.value.details] == ["case_manager", "receiving_worker"]


def test_asks_which_desk_where_several_could_stand():
    """Nothing is chosen by chance: the coordinator says who, and is told how."""
    other = desk("al-two", "AL", "receiving_worker")

    with pytest.raises(NobodyStands) as refused:
        parties(ROLES, [FR, AL, other], FR_TO_AL, {})

    assert len(refused.value.details) == 1
    assert "al-one, al-two" in refused.value.details[0]
    assert "--actor receiving_worker=ID" in refused.value.details[0]


def test_what_the_coordinator_says_goes_before_what_is_found():
    """A named desk stands for the role even where others could."""
    other = desk("al-two", "AL", "receiving_worker")
    chosen = parties(ROLES, [FR, AL, other], FR_TO_AL, {"receiving_worker": "al-two"})

    assert chosen["receiving_worker"] == "al-two"


def test_fills_a_later_role_where_one_desk_stands_for_it_and_leaves_it_open_otherwise():
    """A provider found only later neither stops a launch nor is guessed among several."""
    one, two = desk("al-home", "AL", "housing"), desk("al-home-2", "AL", "housing")
    with_one = parties(ROLES, [FR, AL, one], FR_TO_AL, {})
    with_two = parties(ROLES, [FR, AL, one, two], FR_TO_AL, {})

    assert with_one["housing"] == "al-home"
    assert "housing" not in with_two


def test_a_transit_office_may_be_in_any_country():
    """The way leads through countries that the case does not name."""
    office = desk("it-office", "IT", "transit_office")
    chosen = parties(ROLES, [FR, AL, office], FR_TO_AL, {})

    assert chosen["transit_office"] == "it-office"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"case_manger": "fr-one"}, UnknownName, "case_manger"),
        ({"case_manager": "fr-onne"}, UnknownName, "fr-onne"),
        ({"case_manager": "al-one"}, WrongUse, "AL"),
        ({"case_manager": "fr-off"}, WrongUse, "disabled"),
        ({"case_manager": "fr-mute"}, WrongUse, "reached"),
        ({"housing": "al-one"}, WrongUse, "does not stand for"),
    ],
)
def test_refuses_somebody_who_can_not_stand_for_the_role(given, error, said):
    """Unknown, abroad, disabled, out of reach or without that role: each is said, and no case begins."""
    off, mute = (
        desk("fr-off", "FR", "case_manager", enabled=False),
        desk("fr-mute", "FR", "case_manager", reachable=False),
    )

    with pytest.raises(error, match=said):
        parties(ROLES, [FR, AL, off, mute], FR_TO_AL, given)


def test_hints_at_the_nearest_actor():
    """A mistyped id is answered with the one that was meant."""
    with pytest.raises(UnknownName) as refused:
        stands_for(ROLES, {"fr-one": FR}, "case_manager", "fr-onne")

    assert 'did you mean "fr-one"?' in refused.value.details[0]


def test_the_persons_own_role_asks_for_no_channel():
    """A person chooses whether and how to be reached; nobody is refused for having chosen not to be."""
    person = desk("person-1", "FR", "person", reachable=False)

    assert stands_for(ROLES, {"person-1": person}, "person", "person-1") == "person-1"
