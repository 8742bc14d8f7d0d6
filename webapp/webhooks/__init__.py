"""Webhooks: events that leave to other systems."""
