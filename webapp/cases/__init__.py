"""Cases: hazards, leads, and whatever else has a life cycle from found to closed."""
