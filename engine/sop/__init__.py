"""SPINE 1, the language: what a process designer writes, checked and compiled into machines."""
