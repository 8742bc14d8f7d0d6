"""Two-way calls between grid and police: who is called, who takes it, and both clocks."""
