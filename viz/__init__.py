"""Pictures and stories of computational graphs, made from their recorded steps alone."""

from viz import notebook
from viz.dot import to_graphviz
from viz.drawing import Diagram, draw
from viz.narration import story, table
from viz.stepper import Stepper, step

__all__ = ["Diagram", "Stepper", "draw", "step", "story", "table", "to_graphviz"]

notebook.show_values(draw)
