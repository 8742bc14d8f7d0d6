"""Parcels: signed packages between networks that are kept apart."""
