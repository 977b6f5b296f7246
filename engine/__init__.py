"""The engine of Passerelle: what stays true whatever the database, the web framework or the scheduler.

Rooms and their order are drawn in `docs/architecture.md` and enforced by the import contracts in `pyproject.toml`.
"""
