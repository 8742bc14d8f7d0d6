"""What was tried on a case, and what was handed to another body with a receipt."""
