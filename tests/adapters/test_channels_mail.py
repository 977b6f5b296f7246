"""A message as a mail, and mail in a folder."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.channels import FolderChannel, channels_from
from engine.adapters.channels.mail import as_mail
from engine.application.ports import Outgoing, PassingFailure, PermanentFailure
from engine.clock import FixedClock
from engine.settings import Settings

NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)
SENDER = ("Messages", "messages@example.org")


def outgoing(
    id: str = "k1", address: str = "desk@example.org", subject: str = "Bonjour", body: str = "À vous.\n"
) -> Outgoing:
    return Outgoing(id, address, subject, body, "fr")


def read(mail: bytes):
    return message_from_bytes(mail, policy=policy.SMTP)


def test_a_mail_says_who_wrote_it_for_whom_and_that_a_machine_did():
    """A neutral name, one recipient, the id of the outbox row, and a mark that keeps automatic answers away; nothing more."""
    mail = read(as_mail(outgoing(), SENDER, NOON))

    assert {key: str(value) for key, value in mail.items()} == {
        "From": "Messages <messages@example.org>",
        "To": "desk@example.org",
        "Subject": "Bonjour",
        "Date": "Mon, 02 Mar 2026 11:00:00 +0000",
        "Message-ID": "<k1@example.org>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "fr",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200),
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80),
        min_size=1,
        max_size=5,
    ),
)
def test_words_in_every_script_arrive_as_they_were(subject, lines):
    """Accents, Arabic and emoji survive; the bytes on the wire are plain ASCII in lines that every server takes."""
    subject, body = " ".join(subject.split()), "".join(f"{line}\n" for line in lines)
    mail = as_mail(outgoing(subject=subject, body=body), SENDER, NOON)

    assert read(mail).get_content().replace("\r\n", "\n") == body
    assert read(mail)["Subject"] == subject
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.replace(b"\r\n", b"")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("where", ["id", "address", "subject"])
def test_nothing_can_be_slipped_into_the_headers(where, end):
    """A line break where a header is made is refused for good, in words that repeat nothing."""
    values = {"id": "k1", "address": "desk@example.org", "subject": "Bonjour"}
    values[where] += f"{end}Bcc: canary@example.org"

    with pytest.raises(PermanentFailure) as refused:
        as_mail(outgoing(**values), SENDER, NOON)

    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_line_break_in_the_language_is_refused_too():
    """The language becomes a header like the others."""
    with pytest.raises(PermanentFailure):
        as_mail(Outgoing("k1", "desk@example.org", "s", "b\n", "fr\nBcc: canary@example.org"), SENDER, NOON)


@pytest.mark.parametrize(
    "address", ["", "desk", "a..b@example.org", "a@b..c", "é@example.org", "a@example.org,b@example.org"]
)
def test_an_address_that_is_none_fails_for_good(address):
    """It becomes a task for a person; trying again would not help."""
    with pytest.raises(PermanentFailure):
        as_mail(outgoing(address=address), SENDER, NOON)


def test_the_senders_name_may_be_in_any_script():
    """A neutral name in Arabic or Ukrainian is as good as one in English."""
    mail = read(as_mail(outgoing(), ("رسائل", "messages@example.org"), NOON))

    assert mail["From"].addresses[0].display_name == "رسائل"


# ── The folder ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rehearsal" / "mail"


def put(folder: Path, *messages: Outgoing) -> None:
    with FolderChannel(folder, SENDER, FixedClock(NOON)).connect() as sender:
        for message in messages:
            sender.send(message)


def test_each_message_is_a_file_named_by_its_id(folder):
    """Whoever rehearses sees one file for each message, and nothing half-written beside them."""
    put(folder, outgoing("a1"), outgoing("a2"))

    assert sorted(file.name for file in folder.iterdir()) == ["a1.eml", "a2.eml"]
    assert read((folder / "a1.eml").read_bytes())["Message-ID"] == "<a1@example.org>"


def test_a_repeat_takes_the_place_of_the_first(folder):
    """A courier that died between writing and marking writes again, and there is still one message."""
    put(folder, outgoing("a1", subject="first"))
    put(folder, outgoing("a1", subject="again"))

    assert [read(file.read_bytes())["Subject"] for file in folder.iterdir()] == ["again"]


def test_only_the_owner_can_read_the_folder(folder):
    """Rehearsals may be played with real desks: folder and files are shut to others."""
    put(folder, outgoing("a1"))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "a1.eml").stat().st_mode) == 0o600


def test_what_a_dead_courier_left_half_written_is_replaced(folder):
    """A part that was never finished is no message, and does not stand in the way of one."""
    folder.mkdir(parents=True)
    (folder / ".a1.part").write_bytes(b"From: hal")
    put(folder, outgoing("a1"))

    assert [file.name for file in folder.iterdir()] == ["a1.eml"]


@pytest.mark.parametrize("id", ["../a1", "/tmp/a1", "a/b", ".a1", "", "a\0", "a" * 65])
def test_a_file_is_written_nowhere_but_in_the_folder(folder, id):
    """An id is no path."""
    with pytest.raises(PermanentFailure):
        put(folder, outgoing(id))

    assert list(folder.iterdir()) == []
    assert sorted(folder.parent.iterdir()) == [folder]


def test_a_folder_that_can_not_be_made_is_tried_again_later(tmp_path):
    """The disk may be back later; the reason names no path."""
    (tmp_path / "rehearsal").write_text("a file where the folder should be")

    with pytest.raises(PassingFailure, match="can't be made") as refused:
        put(tmp_path / "rehearsal" / "mail", outgoing())
    assert str(tmp_path) not in str(refused.value)


def test_a_disk_that_is_full_leaves_no_half_message(folder):
    """What can't be written now is tried again, and nobody reads half a message meanwhile."""
    (folder / "a1.eml").mkdir(parents=True)

    with pytest.raises(PassingFailure, match="can't be written"):
        put(folder, outgoing("a1"))
    assert [file.name for file in folder.iterdir()] == ["a1.eml"]


# ── What the settings set up ─────────────────────────────────────────────────────────────────────────────────────


def test_without_settings_there_is_no_mail(tmp_path):
    """Mail stays in the outbox until somebody has said how it is sent."""
    assert set(channels_from(Settings(data_dir=tmp_path))) == {"apprise"}


def test_a_mail_folder_goes_before_a_server(tmp_path):
    """Nobody who rehearses writes to real desks by mistake."""
    settings = Settings(data_dir=tmp_path, mail_folder=tmp_path / "mail", smtp_url="smtp://mail.example.org")

    assert isinstance(channels_from(settings)["mail"], FolderChannel)
