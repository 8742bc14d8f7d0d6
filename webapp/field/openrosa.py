"""The doors of OpenRosa: form lists, forms, submissions."""
