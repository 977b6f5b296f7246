"""Face: the command line. Thin: it reads words, calls a use case, and writes tables or JSON."""
