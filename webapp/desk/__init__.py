"""The desk: what waits for an officer on the own ground, as lists and a map that belong together."""
