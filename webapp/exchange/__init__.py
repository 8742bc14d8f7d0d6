"""Exchange: files of many rows that are taken out and brought in."""
