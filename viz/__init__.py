"""Pictures and stories of computational graphs, made from their recorded steps alone."""

from viz import beginning as beginning  # first: the rest takes long enough for a key to be pressed
from viz import clash as clash  # before all that needs it: it tells where `autograd` is somebody else's
from viz import notebook
from viz.bugs import Broken, broken
from viz.cutting import culprit
from viz.dot import to_graphviz
from viz.drawing import Diagram, draw
from viz.exercises import Exercise, exercise
from viz.film import Film, animate_training
from viz.narration import story, table
from viz.plots import (
    plot_decision_boundary,
    plot_descent,
    plot_gradient_flow,
    plot_histograms,
    plot_history,
    plot_loss_landscape,
    plot_misread,
)
from viz.stepper import Stepper, step

__all__ = [
    "Broken",
    "Diagram",
    "Exercise",
    "Film",
    "Stepper",
    "animate_training",
    "broken",
    "culprit",
    "draw",
    "exercise",
    "plot_decision_boundary",
    "plot_descent",
    "plot_gradient_flow",
    "plot_histograms",
    "plot_history",
    "plot_loss_landscape",
    "plot_misread",
    "step",
    "story",
    "table",
    "to_graphviz",
]


def __dir__() -> list[str]:
    """List what is meant to be used: completion need not offer every module of the package."""
    return sorted(__all__)


notebook.show_values(draw)
