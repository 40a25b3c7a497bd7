"""How numbers, names and roles look, and where things stand: what every face of a Trace shares."""
