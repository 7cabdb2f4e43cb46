"""Pictures and stories of computational graphs, made from their recorded steps alone."""

from viz.drawing import Diagram, draw

__all__ = ["Diagram", "draw"]
