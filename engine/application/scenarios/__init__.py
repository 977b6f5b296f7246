"""Stories of designers, played on the engine: read and checked, played, what they covered; and a path to harm written as one.

`model` is the file's shape, `load` a file with all its faults, `names` what it says of a procedure; `rehearsal` plays one story
(the demo is played by it too), `coverage` sums up many. How they are written: docs/howto/write-stories.md.
"""
