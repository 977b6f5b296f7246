"""What a designer asks of a procedure."""
