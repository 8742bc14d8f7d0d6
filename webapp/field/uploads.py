"""The door for originals of photos that follow their report."""
