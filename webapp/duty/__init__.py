"""Who has the station's duty desk, who stands in for whom, and what goes to the desk."""
