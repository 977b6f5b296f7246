"""Speed, as ratios to hand-written floors in the same interleaved run. `python -m benchmarks` prints the table."""
