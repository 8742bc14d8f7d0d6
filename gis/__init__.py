"""Shapes and movement: polygons, tracks, distances and coverage, with no database, web, clock or dice."""
