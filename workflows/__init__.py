"""Face: Prefect carries the messages. Only here is it known; what it is given are numbers of outbox rows."""
