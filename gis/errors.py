"""The errors of the floor of shapes, each with a stable code and its parameters.

ShapeError                 a geometry, tile or track that cannot be computed with; bad_units, bad_aim
    CoordinateError        unknown_crs, not_finite, out_of_range, outside_china
    CoverageError          duplicate_code, not_a_coverage, ground_invalid, too_few_units, gap, too_wide
    TopologyError          a change of borders that is refused; the codes stand in gis/topology.py
"""

from collections.abc import Mapping


class ShapeError(ValueError):
    """What was given cannot be computed with; `code` is stable, `params` say what and where."""

    def __init__(self, code: str, /, **params: object) -> None:
        self.code = code
        self.params: Mapping[str, object] = params
        details = ", ".join(f"{name}={value!r}" for name, value in params.items())
        super().__init__(f"{code} ({details})" if details else code)


class CoordinateError(ShapeError):
    """A coordinate that cannot be a place in the system that it was declared in."""


class CoverageError(ShapeError):
    """Areas that cannot be treated as one coverage of the ground."""


class TopologyError(ShapeError):
    """A change of borders that would break the coverage, or that names what is not there."""
