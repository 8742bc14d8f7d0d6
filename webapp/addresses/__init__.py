"""Addresses: which spot an address means, by registers of our own."""
