"""Side room: the people and desks who are told, and who stands for which role of a case."""
