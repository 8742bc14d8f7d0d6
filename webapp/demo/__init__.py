"""The demo world: synthetic grounds, people, walks and hazards as pure values, drawn from a seed."""
