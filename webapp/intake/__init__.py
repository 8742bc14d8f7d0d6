"""Intake: calls and orders that other systems have taken."""
