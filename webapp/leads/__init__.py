"""What few may read, each for a purpose that is written down first: restricted leads, visits to people."""
