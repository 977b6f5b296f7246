"""The use cases: gather facts, decide, write one transaction. What lies outside is reached through `ports`."""
