"""Open311: what civic clients report and follow."""
