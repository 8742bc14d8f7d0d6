"""Plans on the drawing board: each draft is the log of what planners did to a published plan."""
