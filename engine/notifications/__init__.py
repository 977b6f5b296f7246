"""Side room: template, language and plain values become a message."""
