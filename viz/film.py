"""The film of a training: how the decision boundary, the loss and the gradients moved, epoch by epoch.

    history    what `fit` returned: lists of one number per epoch, the weights after each, model, X and y
    frame      what the film shows of one epoch
    gap        how far a class's output is ahead of the best other one, on a grid around the samples
    flow       mean |gradient| of each layer
    dead       a unit whose activation has slope 0 at every sample

All numbers are the history's own; what it does not hold is computed by the model with the weights of that epoch, and
its own weights are put back afterwards. Nothing here knows `nn`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viz.drawing import write_aside
from viz.film_gif import moving
from viz.film_page import page, still
from viz.notation import clipped
from viz.notebook import framed, image
from viz.plots import (
    curve_of,
    evaluating,
    flat_units,
    gaps_of,
    known_classes,
    outputs_of,
    plane_around,
    restored,
    samples_of,
)
from viz.reel import CURVES, Frame, Plane, Reel

__all__ = ["Film", "animate_training"]

LEAST = 8  # a grid of fewer points per side shows nothing


@dataclass(frozen=True, slots=True, repr=False)
class Film:
    """The film of one training; it shows itself in a notebook, and `save` writes it."""

    reel: Reel

    @property
    def html(self) -> str:
        """The film as one page that needs no other file."""
        return page(self.reel)

    @property
    def gif(self) -> bytes:
        """The film as a GIF; ImportError, with the line to type, without matplotlib."""
        return moving(self.reel)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page (.html) or the GIF (.gif), the same bytes for the same film, and return the path.

        ValueError for another suffix, OSError where it cannot be written; an old file is replaced only by a whole one.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind not in WRITERS:
            raise ValueError(f"a film is saved as {' or '.join(WRITERS)}, not as {target.suffix or 'a bare name'!r}")
        write_aside(target, WRITERS[kind](self))
        return target

    def __repr__(self) -> str:
        return f"Film({self.reel.title})"

    def _repr_html_(self) -> str:
        svg, width = still(self.reel)
        return framed(self.html, image(svg, width, self.reel.title), f"Film: {self.reel.title}")


WRITERS: dict[str, Callable[[Film], bytes]] = {
    ".html": lambda film: film.html.encode(),
    ".gif": lambda film: film.gif,
}


def animate_training(
    history: Any,
    *,
    frames: int = 60,
    features: Sequence[str] = ("x₁", "x₂"),
    classes: Sequence[str] | None = None,
    resolution: int = 60,
) -> Film:
    """Return the film of a training: boundary, loss, accuracy and gradient flow, with one scrubber for all.

    history: what `fit` returned. frames: epochs shown at most, chosen evenly, the first and the last among them.
    `features` and `classes` name the axes and, in their order, the classes; resolution: points per side at which the
    model is asked where its classes lie. A boundary is drawn for two inputs whose targets are classes, and what is left
    out is said. ValueError where no epoch was run, where a number is not finite, or the model has other parameters now.

        >>> from nn import MLP, fit, moons
        >>> X, y = moons(20)
        >>> history = fit(MLP(2, [4, 1]), X, y, loss="mse", optimizer="sgd", epochs=3, progress=False)
        >>> animate_training(history)
        Film(MLP(2, [4, 1], 'relu', 'linear'), 3 epochs)
    """
    for name, number, least in (("frames", frames, 1), ("resolution", resolution, LEAST)):
        if number < least:
            raise ValueError(f"{name} is a whole number from {least}, got {number}")
    curves = {name: numbers for name in CURVES if (numbers := curve_of(history, name))}
    if not curves.get("loss"):
        raise ValueError("this history is empty: no epoch was run, so there is no film of it")
    parameters = history.model.parameters()
    for weights in history.weights:
        if len(weights) != len(parameters):
            raise ValueError(f"the history has {len(weights)} weights, but its model {len(parameters)} parameters now")
    recorder = _Recorder(history, _plane_of(history, features, classes, resolution), curves)
    with restored(parameters), evaluating(history.model):
        shown = [recorder.frame(epoch) for epoch in _evenly(len(curves["loss"]), frames)]
    return Film(Reel(curves, _flow(history), tuple(shown), recorder.plane, _title(history), _note(history)))


def _evenly(epochs: int, frames: int) -> list[int]:
    """Return so many epochs, counted from 1, or all; the first and the last among them."""
    if frames == 1:
        return [epochs]
    count = min(frames, epochs)
    return sorted({1 + round(i * (epochs - 1) / max(count - 1, 1)) for i in range(count)})


def _title(history: Any) -> str:
    epochs = len(history.loss)
    return f"{clipped(repr(history.model))}, {epochs:,} epoch{'s' * (epochs > 1)}"


def _flow(history: Any) -> dict[str, list[float]]:
    return {name: [float(x) for x in flow] for name, flow in history.gradient_flow.items()}


def _has_plane(history: Any) -> bool:
    return len(history.X[0]) == 2 and bool(len(history.accuracy))


def _note(history: Any) -> str:
    """Return why there is no boundary; nothing where there is one."""
    if _has_plane(history):
        return ""
    inputs = len(history.X[0])
    if inputs != 2:
        return f"A decision boundary is drawn for 2 inputs, and this model has {inputs:,}."
    return "A decision boundary is drawn between classes, and these targets are other numbers."


def _plane_of(history: Any, features: Sequence[str], classes: Sequence[str] | None, resolution: int) -> Plane | None:
    """Return the samples and the grid around them, None where they have no place in a plane."""
    if not _has_plane(history):
        return None
    points, labels = samples_of(history.X, history.y)
    across, up, grid = plane_around(points, resolution)
    with evaluating(history.model):
        known = known_classes(labels, len(outputs_of(history.model, [column[:1] for column in points.T])))
    names = tuple(map(str, classes)) if classes else tuple(f"class {c}" for c in known)
    if len(names) < len(known):
        raise ValueError(f"classes names {len(names)}, but there are {len(known)}: {', '.join(map(str, known))}")
    truth = tuple(known.index(label) for label in labels.tolist())
    named = tuple(map(str, features))
    return Plane(points, labels, tuple(known), truth, names, named, across, up, grid, list(points.T))


@dataclass(frozen=True, slots=True, eq=False)
class _Recorder:
    """What is asked of the model for each frame."""

    history: Any
    plane: Plane | None
    curves: Mapping[str, Sequence[float]]

    def frame(self, epoch: int) -> Frame:
        """Return what there is to show of an epoch, counted from 1; the model then has its weights."""
        history, model = self.history, self.history.model
        for parameter, weight in zip(model.parameters(), history.weights[epoch - 1].tolist()):
            parameter.data = weight
        gaps, wrong = self._asked() if self.plane else (None, ())
        return Frame(epoch, gaps, wrong, _dead(flat_units(model, history.X)))

    def _asked(self) -> tuple[Any, tuple[int, ...]]:
        """Return the gaps over the grid, and which samples the model gets wrong."""
        model, plane = self.history.model, self.plane
        assert plane is not None
        limit = getattr(model, "threshold", 0.0)
        guess = gaps_of(outputs_of(model, plane.columns), limit).argmax(axis=0).tolist()
        wrong = tuple(i for i, (guessed, true) in enumerate(zip(guess, plane.truth)) if guessed != true)
        return gaps_of(outputs_of(model, plane.grid), limit), wrong


def _dead(flat: Mapping[str, bool] | None) -> dict[str, tuple[int, int]] | None:
    """Return for each layer how many units are dead, and how many there are."""
    if flat is None:
        return None
    counts: dict[str, tuple[int, int]] = {}
    for unit, is_flat in flat.items():
        layer = unit.partition("/")[0]
        dead, units = counts.get(layer, (0, 0))
        counts[layer] = dead + is_flat, units + 1
    return counts
