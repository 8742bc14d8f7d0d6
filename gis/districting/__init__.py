"""Districting: units become connected districts, by search or by proof."""

from gis.districting.grouping import dissolve, group_faces

__all__ = ["dissolve", "group_faces"]
