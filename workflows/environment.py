"""Prefect's settings, set before it is imported: its own folder, its own port, no telemetry, nothing kept but runs.

Never the ephemeral server, which costs seconds at each start. Why each setting: docs/decisions/0002-prefect-is-the-courier.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engine.settings import PREFIX

_ALWAYS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    "PREFECT_FLOWS": '{"heartbeat_frequency": null}',
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "10000",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "604800",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_API_REQUEST_TIMEOUT": "10",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
}


def embedded(home: Path, port: int) -> dict[str, str]:
    """Return the environment of an embedded server and of whoever speaks to it, on the loopback address only."""
    return {
        **_ALWAYS,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_ENABLED": "false",
    }


def for_child(own: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a Prefect server is started with: none of our own settings, which hold keys and passwords."""
    return {name: value for name, value in own.items() if not name.startswith(PREFIX)} | dict(environment)


def apply(environment: dict[str, str]) -> None:
    """Put the settings into this process; must come before `prefect` is imported for the first time."""
    os.environ.update(environment)
