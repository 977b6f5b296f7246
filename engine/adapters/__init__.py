"""The only room that meets the outside: databases, keys, channels."""
