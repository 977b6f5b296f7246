"""A rehearsal with simulated cases: how long steps take, where cases wait, which deadlines are missed, how cases end."""
