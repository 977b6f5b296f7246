"""build(settings) -> Application: the one place where all is wired."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.adapters.channels import channels_from
from engine.adapters.cipher import KeyedCipher
from engine.adapters.keystore import KeyStore, read_keys
from engine.adapters.store import open_store
from engine.application.casework import Casework
from engine.application.correction import Corrections
from engine.application.digest import Digests
from engine.application.feeds import Feeds
from engine.application.migration import Migrations
from engine.application.outbox import Courier
from engine.application.people import People
from engine.application.ports import Cipher, Store
from engine.application.procedures import Procedures
from engine.application.queries import Queries
from engine.application.reading import ReadingHours
from engine.application.recounting import Recounting
from engine.application.sweep import Sweep
from engine.application.telling import Telling
from engine.application.watchman import Watchman
from engine.calendars.almanac import Almanac
from engine.clock import Clock, pin_time_zones
from engine.notifications.render import Press
from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class Application:
    """Everything a face needs."""

    settings: Settings
    clock: Clock
    store: Store
    cipher: Cipher
    keys: KeyStore
    procedures: Procedures
    people: People
    almanac: Almanac
    casework: Casework
    corrections: Corrections
    migrations: Migrations
    queries: Queries
    recounting: Recounting
    sweep: Sweep
    courier: Courier
    watchman: Watchman
    digests: Digests
    feeds: Feeds

    def close(self) -> None:
        self.store.close()
        self.keys.close()


def build(settings: Settings, clock: Clock | None = None, *, upgrading: bool = False) -> Application:
    """Wire the product for these settings.

    Args:
        clock: in place of the settings' clock; a rehearsal moves it.
        upgrading: bring the database's tables up to date first.
    Raises:
        WrongUse: the settings can't be used.
        Fault: database or key store can't be opened.
    """
    pin_time_zones()
    now = clock or settings.clock()
    keys = KeyStore(_path(settings), read_keys(settings))
    try:
        store = open_store(settings, keys.make("database")[1], upgrading=upgrading)
    except BaseException:
        keys.close()
        raise
    cipher = KeyedCipher(keys)
    almanac = Almanac.read(settings.definitions / "calendars")
    procedures = Procedures(store, now)
    people = People(store, cipher, almanac)
    casework = Casework(store, cipher, procedures, people, almanac, now)
    recounting = Recounting(store, cipher, casework, almanac, now)
    press = Press.read(settings.definitions / "messages", settings.base_url)
    hours = ReadingHours(almanac)
    telling = Telling(store, cipher, casework, people, hours, press, now)
    channels = channels_from(settings, now)
    return Application(
        settings=settings,
        clock=now,
        store=store,
        cipher=cipher,
        keys=keys,
        procedures=procedures,
        people=people,
        almanac=almanac,
        casework=casework,
        migrations=Migrations(store, cipher, procedures, casework, people, now),
        corrections=Corrections(store, cipher, procedures, casework, now),
        queries=Queries(store, cipher, casework, people, now),
        recounting=recounting,
        sweep=Sweep(store, cipher, casework, recounting, now),
        courier=Courier(store, telling, channels, now),
        feeds=Feeds(store, cipher, casework, people, press, settings.base_url, now),
        digests=Digests(store, cipher, casework, people, hours, now),
        watchman=Watchman(store, channels, press, settings.operator_address, now),
    )


def _path(settings: Settings) -> Path:
    return Path(settings.key_store_url.get_secret_value().removeprefix("sqlite:///"))
