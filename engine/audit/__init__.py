"""Side room: a case's history as a chain of hashes."""
