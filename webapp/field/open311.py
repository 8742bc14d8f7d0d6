"""The doors of Open311 GeoReport v2."""
