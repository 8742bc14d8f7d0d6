"""Doors for devices, and the quarantine for what they sent in good faith."""
