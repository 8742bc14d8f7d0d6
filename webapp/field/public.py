"""Doors for residents without an account."""
