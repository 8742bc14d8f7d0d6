"""Benchmarks: one command, tables printed; figures are compared within one run, never asserted."""
