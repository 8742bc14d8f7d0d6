"""What stands there: places with a name that people search for."""
