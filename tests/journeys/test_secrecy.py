"""Nothing personal lies anywhere in the clear: a whole story is played with a marked word in every free text."""

from __future__ import annotations

import base64
import logging
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from engine.bootstrap import Application, build
from engine.forms.model import FieldType
from engine.settings import DEFINITIONS, Settings
from passerelle.scenarios import Rehearsal, Story, read_story, stage_of

CANARY = "canary7731"
DESK = "SAMPLE specialised organisation"
ADDRESS = "fr-case-manager@example.org"


def marked(story: Story, house: Application) -> tuple[Story, int]:
    """Return the story with the marked word in every text field and every note, and how many there are."""
    parts, count, events = house.procedures.latest(story.sop).parts, 0, []
    for told in story.events:
        event = told.event
        if event.record is not None:
            texts = {name for name, field in parts[event.record].fields.items() if field.type is FieldType.TEXT}
            said = {name: f"{CANARY} {value}" if name in texts else value for name, value in event.with_.items()}
            count += len(texts & said.keys())
            event = event.model_copy(update={"with_": said})
        elif event.act is not None:
            event = event.model_copy(update={"note": f"{CANARY} {event.note}"})
            count += 1
        events.append(replace(told, event=event))
    return replace(story, events=events), count


def clear(held: bytes) -> bytes:
    """Return bytes as they stand and with every base64 text in them decoded."""
    encoded = re.findall(rb"[A-Za-z0-9+/]{16,}", held)
    return held + b"".join(base64.b64decode(one[at:][: (len(one) - at) // 4 * 4]) for one in encoded for at in range(4))


def test_no_word_about_a_person_lies_in_the_clear(database_url, tmp_path, clock, caplog, capfd):
    """Not in the database's files nor in its write-ahead log, not in the key store, a mail, a log or an output.

    And it is there all the same, for those who may read it. Names and addresses of desks are sealed as well.
    """
    caplog.set_level(logging.DEBUG)
    settings = Settings(data_dir=tmp_path, database_url=database_url, mail_folder=tmp_path / "mail")
    house = build(settings, clock, upgrading=True)
    house.procedures.publish(DEFINITIONS / "sops" / "adult-return.yaml")
    story, count = marked(read_story(DEFINITIONS / "scenarios" / "adult-return-fr-al.yaml"), house)
    rehearsal = Rehearsal(stage_of(house), story, lambda what, moved: None)
    rehearsal.launch()
    for _ in rehearsal.play():
        pass
    house.courier.run()

    if database_url.startswith("sqlite"):
        folders = [tmp_path]
        assert (tmp_path / "passerelle.db-wal").stat().st_size > 0
    else:
        server = Path(parse_qs(urlsplit(database_url).query)["host"][0])
        with house.store.writing() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql("CHECKPOINT")
            place = server / "data" / connection.exec_driver_sql("SELECT pg_relation_filepath('records')").scalar_one()
        assert len(place.read_bytes()) > 10_000
        folders = [tmp_path, server / "data" / "pg_wal", place.parent]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    mails = b"".join(path.read_bytes() for path in files if path.suffix == ".eml")
    others = clear(b"\n".join(path.read_bytes() for path in files if path.suffix != ".eml"))
    said = (caplog.text + "".join(capfd.readouterr())).encode()

    assert count > 60
    assert sum(CANARY in one["note"] for one in house.queries.history(rehearsal.ref)) > 20
    for secret in (CANARY, DESK, ADDRESS):
        assert secret.encode() not in others
        assert secret.encode() not in said
    assert CANARY.encode() not in clear(mails)
    assert ADDRESS.encode() in mails
    house.close()
