"""What a desk may look like, and which addresses can be written to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.actors.model import GATEWAYS, Actor, Way


def desk(**given: Any) -> Actor:
    return Actor.model_validate({"id": "fr-desk", "name": "Desk", "country": "FR", "roles": ["case_manager"], **given})


@pytest.mark.parametrize(
    "address", ["desk@example.org", "a.b+c@example.org", "o'brien@sub.example.org", "root@localhost", "1@2.example"]
)
def test_takes_addresses_that_mail_servers_take(address):
    """An ordinary address is an address."""
    way = Way(kind="mail", address=address)

    assert way.address == address


@pytest.mark.parametrize(
    "address",
    [
        "", "desk", "@example.org", "desk@", "a..b@example.org", ".a@example.org", "a.@example.org", "a@b..c", "a@-b.org",
        "a@b-.org", "a b@example.org", "a@b@c", "a@exa mple.org", "Desk <a@example.org>", "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org", "a@example.org\r\nDATA", "a@example.org\0", "é@example.org", "a@é.org",
        "a" * 65 + "@example.org", "a@" + "b." * 130 + "org", "a@example.org\u2028b", '"a b"@example.org', "a@[127.0.0.1]",
    ],
)  # fmt: skip
def test_refuses_what_is_no_mail_address(address):
    """A mistyped address is found when it is entered, not when a message can't be sent."""
    with pytest.raises(ValidationError):
        Way(kind="mail", address=address)


def test_a_refusal_does_not_repeat_the_address():
    """What is wrong is said without saying whose address it is."""
    with pytest.raises(ValidationError) as refused:
        Way(kind="mail", address="canary@@example.org")

    assert "canary" not in str(refused.value)


@given(st.text())
def test_never_takes_an_address_of_more_than_one_line(text):
    """Nothing that could start a further header or command is ever an address."""
    taken = []
    for way in (
        {"kind": "mail", "address": f"a{text}@example.org"},
        {"kind": "chat", "address": f"json://host/{text}"},
    ):
        try:
            taken.append(Way.model_validate(way).address)
        except ValidationError:
            continue

    assert all(address.isprintable() for address in taken)


@pytest.mark.parametrize("scheme", GATEWAYS)
def test_takes_the_gateways_an_organisation_runs_itself(scheme):
    """A chat server or webhook of one's own is a channel."""
    assert Way(kind="chat", address=f"{scheme}://gateway.example.org/token").address.startswith(scheme)


@pytest.mark.parametrize(
    "address",
    [
        "mailto://user:pass@example.org", "mailtos://example.org", "syslog://", "windows://", "dbus://", "gnome://", "macosx://",
        "file:///etc/passwd", "exec://sh", "tgram://token/chat", "slack://a/b/c", "discord://a/b", "https://example.org",
        "aprs://user@pass", "JSON://example.org", "json:/example.org", "json", "custom://x", "http://169.254.169.254/",
    ],
)  # fmt: skip
def test_refuses_every_other_scheme(address):
    """Mail goes by mail; nothing runs a program, opens a file or tells a third party."""
    with pytest.raises(ValidationError):
        Way(kind="chat", address=address)


def test_says_little_by_default():
    """A desk hears discreetly, in English, and is enabled, unless its file says otherwise."""
    actor = desk()

    assert (actor.level, actor.language, actor.enabled, actor.sample) == ("discreet", "en", True, False)


@pytest.mark.parametrize("word", ["yes", "on", "1", "True", "NO", ""])
def test_takes_only_true_and_false_for_a_truth(word):
    """A desk is not switched off, or on, by a word that only looks like a truth value."""
    with pytest.raises(ValidationError):
        desk(enabled=word)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "FR desk"}, {"name": "two\nlines"}, {"name": "  "}, {"country": "fr"}, {"roles": []}, {"roles": ["Case manager"]},
        {"language": "english"}, {"level": "loud"}, {"channels": "desk@example.org"}, {"phone": "1"},
    ],
)  # fmt: skip
def test_refuses_a_desk_that_is_not_written_like_one(wrong):
    """Each key of a desk has its form, and there are no others."""
    with pytest.raises(ValidationError):
        desk(**wrong)
