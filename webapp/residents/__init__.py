"""Residents without an account: what they report, how they follow it, how to reach them."""
