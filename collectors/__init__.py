"""Formats of the field: bytes in, records out, and the reply that the sender expects; pure."""
