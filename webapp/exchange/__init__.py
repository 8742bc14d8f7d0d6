"""Exchange: work that leaves and enters in bulk."""
