"""Clocks: which days and hours are worked, and how long a matter may take."""
