"""The film as one self-contained page: panels drawn as SVG, and what changes from frame to frame as plain data.

    panel    one SVG drawing with axes: the boundary, a curve or two, the gradient flow
    scale    where a number stands on an axis, in pixels
    change   what one frame sets: texts, places of marks, widths of bars, outlines of regions

The drawings show the last frame as they stand, so that paper, and a reader without scripts, have it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from viz import theme
from viz.contour import outline
from viz.notation import clipped, full, one_line
from viz.plot_style import look_of
from viz.reel import Frame, Plane, Reel, bounds, decades, rounded, ticks
from viz.stepper import _colours, _filled_in, _json, _resource
from viz.svg import escaped

__all__ = ["page", "still"]
