"""SPINE 2, the decision: a case, what may happen to it, and what follows. Pure: no clock, no database, no network."""
