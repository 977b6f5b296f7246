"""What the environment says, read once; a wrong value is named and never repeated."""

from __future__ import annotations

import pytest

from engine.errors import WrongUse
from engine.settings import Settings, shown


def test_without_any_variable_all_is_embedded(tmp_path):
    """SQLite in the data folder, no mail server, the machine's clock."""
    settings = Settings.read({"PASSERELLE_DATA_DIR": str(tmp_path)})

    assert settings.database_url.get_secret_value() == f"sqlite:///{tmp_path / 'passerelle.db'}"
    assert settings.smtp_url is None
    assert settings.now is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:topsecret@host/x"), ("SMTP_URL", "http://topsecret"), ("BASE_URL", "topsecret"),
        ("PREFECT_PORT", "topsecret"), ("SENDER_NAME", "x\ntopsecret"), ("DEFINITIONS", "/topsecret"), ("TESTING", "topsecret"),
        ("DATABSE_URL", "topsecret"), ("KEY_STORE_URL", "postgresql://user:topsecret@host/x"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_and_not_repeated(name, value):
    """The variable stands in the message; a password never does."""
    with pytest.raises(WrongUse) as refused:
        Settings.read({f"PASSERELLE_{name}": value})

    said = " ".join([refused.value.message, *refused.value.details])
    assert f"PASSERELLE_{name}" in said
    assert "topsecret" not in said


def test_a_fixed_clock_needs_the_word_for_tests():
    """PASSERELLE_NOW alone changes nothing: no one can set a running house back."""
    alone = Settings.read({"PASSERELLE_NOW": "2026-03-02T09:00:00+01:00"})
    both = Settings.read({"PASSERELLE_NOW": "2026-03-02T09:00:00+01:00", "PASSERELLE_TESTING": "1"})

    assert alone.now is None
    assert both.clock().now().isoformat() == "2026-03-02T08:00:00+00:00"


def test_a_database_is_shown_without_its_password():
    """In messages and logs."""
    settings = Settings.read(
        {"PASSERELLE_DATABASE_URL": "postgresql://user:topsecret@db.example.org/cases?x=topsecret"}
    )

    assert shown(settings.database_url) == "postgresql+psycopg://db.example.org/cases"
    assert "topsecret" not in repr(settings)
