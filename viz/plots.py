"""Plots of training: curves, decision boundaries, landscapes of the loss, paths of descent, gradients per layer.

    X, y       samples, one per row, and their classes
    gap        how far a class's output is ahead of the best other one: a region is where its gap is positive
    landscape  the loss along random directions from where the parameters are
    layer      what the labels of parameters say before the unit: layer1 of "layer1/neuron3/w2"
    panel      one set of axes

Nothing here knows `nn`: a model is called with NumPy columns, and gives columns; a history has lists, one number per
epoch. Each function returns (fig, ax) and draws into `ax` if it is given. A figure of its own belongs to nobody else:
no window, no pyplot; a notebook shows it, and `.save("f.png")` writes it. matplotlib is the extra `[plots]`.

Every line differs in style or marker too, and regions are told by the marks in them: nothing is told by colour alone.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autograd import Value, no_grad
from autograd.errors import DomainError
from autograd.functions import sum as total
from autograd.graph import order
from viz.notation import MINUS, clipped
from viz.paper import blank
from viz.plot_style import (
    BELOW,
    BESIDE,
    FAINT,
    GROUND,
    HEIGHT,
    INK,
    LABEL,
    LOOKS,
    SMALL,
    TALL,
    TITLE,
    WIDTH,
    Look,
    Plot,
    entry,
    explained,
    flat,
    look_of,
    panels,
    returned,
    short,
    styled,
    whole_numbers,
)

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

__all__ = [
    "curve_of",
    "draw_regions",
    "draw_samples",
    "evaluating",
    "flat_units",
    "gaps_of",
    "known_classes",
    "outputs_of",
    "plane_around",
    "plot_decision_boundary",
    "plot_descent",
    "plot_gradient_flow",
    "plot_histograms",
    "plot_history",
    "plot_loss_landscape",
    "plot_misread",
    "restored",
    "samples_of",
]


# ----------------------------------------------------------------------------------------------------------- history


def plot_history(history: Any, *, ax: Any = None) -> tuple[Any, Any]:
    """Plot loss and accuracy per epoch, with their validation curves and the best epoch where there are any.

    The history has lists `loss` and, where there was something to say, `accuracy`, `validation_loss` and
    `validation_accuracy`. `ax`: axes for the loss, or two for loss and accuracy. TypeError for what is no history,
    ValueError where no epoch was run, and where a number is not finite.

        >>> from nn import MLP, fit, moons
        >>> X, y = moons(20)
        >>> history = fit(MLP(2, [4, 1]), X, y, loss="mse", optimizer="sgd", epochs=3, progress=False)
        >>> figure, axes = plot_history(history)
        >>> len(axes)  # loss and accuracy
        2
    """
    if not hasattr(history, "loss"):
        raise TypeError(f"plot_history takes what fit returns, a history, got {type(history).__name__}")
    rows = [("loss", "loss"), ("accuracy", "accuracy")]
    if not curve_of(history, "accuracy") or hasattr(ax, "plot"):
        del rows[1]
    if not curve_of(history, "loss"):
        raise ValueError("this history is empty: no epoch was run, so there is nothing to plot")
    plot = panels(ax, len(rows), 1, height=HEIGHT if len(rows) == 1 else 0.7 * HEIGHT)
    best = best_epoch(history)
    for (name, word), each in zip(rows, flat(plot.ax), strict=True):
        _curves(each, [(name, curve_of(history, name)), ("validation", curve_of(history, f"validation_{name}"))], best)
        styled(each, word.capitalize(), "epoch", word)
        explained(each)
    if len(rows) == 2:
        _as_percentages(flat(plot.ax)[1])
    return returned(plot, ax)


def curve_of(history: Any, name: str) -> list[float]:
    """Return one list of a history as floats; nothing where it has none. ValueError for what is not finite."""
    numbers = [float(x) for x in getattr(history, name, None) or ()]
    for epoch, x in enumerate(numbers, 1):
        if not math.isfinite(x):
            raise ValueError(f"the history's {name} is {x} in epoch {epoch}: training diverged there, try a smaller lr")
    return numbers


def best_epoch(history: Any) -> int | None:
    """Return the epoch, from 1, whose validation loss is lowest; None where nothing was validated."""
    losses = curve_of(history, "validation_loss")
    return losses.index(min(losses)) + 1 if losses else None


def _curves(ax: Any, curves: Iterable[tuple[str, Sequence[float]]], best: int | None) -> None:
    for i, (name, numbers) in enumerate(curves):
        if numbers:
            look = look_of(i)
            marker = look.marker if len(numbers) == 1 else None  # a line of one point would not be seen
            epochs = range(1, len(numbers) + 1)
            label = "training" if i == 0 else name
            ax.plot(epochs, numbers, color=look.colour, linestyle=look.dashes, linewidth=2, marker=marker, label=label)
    if best is not None:
        words = f"lowest validation loss: epoch {best}"
        ax.axvline(best, color=FAINT, linestyle=":", linewidth=1.6, label=words)
    whole_numbers(ax.xaxis)


def _as_percentages(ax: Any) -> None:
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.4g} %")
    low, _ = ax.get_ylim()
    ax.set_ylim(max(0.0, min(low, 0.98)), 1.005)


# -------------------------------------------------------------------------------------------------- decision boundary


def plot_decision_boundary(
    model: Callable[[list[Any]], Any],
    X: Any,
    y: Any,
    *,
    threshold: float | None = None,
    margin: float | None = None,
    features: Sequence[str] = ("x₁", "x₂"),
    classes: Sequence[str] | None = None,
    resolution: int = 240,
    ax: Any = None,
) -> tuple[Any, Any]:
    """Plot which class a model of two inputs gives every point of the plane, and the samples; wrong ones are ringed.

    One output stands for two classes: the larger number in y where it is above `threshold`, which is the model's own
    unless given, and 0 where it has none. k outputs stand for the classes 0 … k-1, and the largest wins. `margin`
    draws the lines where the output is so far from the threshold, or the best output so far ahead of the next one.
    `features` and `classes` name the axes and, in their order, the classes.

    X: (n, 2), finite; y: (n,). `resolution`: points per side, evaluated in one go where the model takes columns. A
    model with a training mode is asked in its evaluation mode. ValueError for another shape, TypeError for what is no
    model.

        >>> from nn import MLP, moons
        >>> X, y = moons(20)
        >>> figure, ax = plot_decision_boundary(MLP(2, [4, 1]), X, y, resolution=20)
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('x₁', 'x₂')
    """
    import numpy as np

    points, labels = samples_of(X, y)
    across, up, plane = plane_around(points, resolution)
    with evaluating(model):
        outputs, reached = outputs_of(model, plane), outputs_of(model, list(points.T))
    limit = getattr(model, "threshold", 0.0) if threshold is None else threshold
    known = known_classes(labels, len(outputs))
    wrong = labels != np.array(known)[gaps_of(reached, limit).argmax(axis=0)]
    plot = panels(ax, 1, 1, height=TALL)
    draw_regions(plot.ax, across, up, gaps_of(outputs, limit), margin)
    draw_samples(
        plot.ax, points, labels, dict(zip(known, classes or [f"class {c}".replace("-", MINUS) for c in known])), wrong
    )
    right = len(wrong) - int(wrong.sum())
    title = f"{right:,} of {len(wrong):,} samples right ({100 * right / len(wrong):.4g} %)"
    styled(plot.ax, title, *map(entry, features))
    plot.ax.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    plot.ax.grid(False)
    explained(plot.ax, **BESIDE)
    return returned(plot, ax)


def samples_of(X: Any, y: Any) -> tuple[Array, Any]:
    """Return samples of two features and their classes as arrays, or say what is wrong with them."""
    import numpy as np

    points, labels = np.asarray(X, dtype=float), np.asarray(y)
    if points.ndim != 2 or points.shape[1] != 2:
        shape = " × ".join(map(str, points.shape))
        raise ValueError(f"a decision boundary is drawn for 2 inputs, so X needs the shape n × 2, got {shape}")
    if labels.shape != (len(points),) or len(points) == 0:
        raise ValueError(f"y needs one class per row of X: {len(points)} rows, but y has the shape {labels.shape}")
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise ValueError(
            f"X needs finite numbers, but row {int(bad.argmax())} (from 0) is {points[bad.argmax()].tolist()}"
        )
    return points, labels


def plane_around(points: Array, resolution: int) -> tuple[Array, Array, list[Array]]:
    """Return the coordinates of a grid around points, along and up, and those of all its points as two tables."""
    across, up = (_axis(column, resolution) for column in points.T)
    return across, up, [across[None, :].repeat(resolution, 0), up[:, None].repeat(resolution, 1)]


def _axis(column: Array, resolution: int) -> Array:
    """Return numbers from a little below the least of a column to a little above its greatest."""
    import numpy as np

    low, high = float(column.min()), float(column.max())
    room = 0.12 * (high - low) or 1.0
    return np.linspace(low - room, high + room, resolution)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Have a model that knows training from evaluation evaluate."""
    was_training = bool(getattr(model, "training", False)) and hasattr(model, "eval")
    if was_training:
        model.eval()
    try:
        yield
    finally:
        if was_training:
            model.train()


def gaps_of(outputs: Array, threshold: float) -> Array:
    """Return, for each class, how far it is ahead of the best other one: (k, *shape of an output)."""
    import numpy as np

    if len(outputs) == 1:
        return np.stack([threshold - outputs[0], outputs[0] - threshold])
    best, second = np.argmax(outputs, axis=0), np.sort(outputs, axis=0)[-2:]
    others = [np.where(best == i, second[0], second[1]) for i in range(len(outputs))]
    gaps: Array = outputs - np.stack(others)
    return gaps


def outputs_of(model: Callable[[list[Any]], Any], columns: list[Array]) -> Array:
    """Return a model's outputs over columns: (number of outputs, *shape of a column)."""
    import numpy as np

    if not callable(model):
        raise TypeError(f"a model is called with its inputs, and {type(model).__name__} cannot be called")
    found = _at_once_or_one_by_one(lambda *xs: _as_list(model(list(xs))), [column.ravel() for column in columns])
    if not np.isfinite(found).all():
        raise ValueError("the model's outputs are not finite everywhere: its parameters, or its inputs, are too large")
    return found.reshape(-1, *columns[0].shape)


def _as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _at_once_or_one_by_one(f: Callable[..., list[Any]], columns: Sequence[Array]) -> Array:
    """Return what f makes of columns, (number of results, n): in one call if it can, else row by row.

    A row where f has no value is NaN.
    """
    import numpy as np

    n = len(columns[0])
    try:
        found = [np.asarray(each, dtype=float) for each in f(*columns)]
        return np.stack([np.broadcast_to(each, (n,)) for each in found])
    except (TypeError, ValueError, AttributeError):  # written for single numbers: `if x > 0`, math.exp, Values
        pass
    with no_grad():
        rows = [_numbers(f, [float(column[i]) for column in columns]) for i in range(n)]
    width = max(1, *[len(row) for row in rows])  # 1 where no row has a value
    return np.array([row or [math.nan] * width for row in rows]).T


def _numbers(f: Callable[..., list[Any]], xs: Sequence[float]) -> list[float]:
    """Return the numbers that f makes of numbers; none where it has no value."""
    try:
        return [float(each) for each in f(*xs)]
    except (DomainError, OverflowError):
        return []


def known_classes(labels: Any, outputs: int) -> list[Any]:
    """Return the classes in the order of the gaps, or say that y does not fit the model's outputs."""
    found = sorted(set(labels.tolist()))
    if outputs == 1 and ((set(found) <= {-1, 1} and -1 in found) or len(found) == 2):
        return [-1, 1] if -1 in found else found
    k = max(outputs, 2)
    wrong = [c for c in found if c not in range(k)]
    if wrong:
        raise ValueError(f"y holds the class {wrong[0]!r}, but this model tells the classes 0 to {k - 1} apart")
    return list(range(k))


def draw_regions(ax: Any, across: Array, up: Array, gaps: Array, margin: float | None) -> list[Any]:
    """Draw where each class wins, the boundaries between classes and the lines of the margin; return what was drawn."""
    drawn = []
    for i, gap in enumerate(gaps):
        if (gap > 0).any():
            drawn.append(ax.contourf(across, up, gap, levels=[0.0, math.inf], colors=[look_of(i).pale], zorder=0))
        drawn += _level(ax, across, up, gap, 0.0, colors=INK, linewidths=1.6)
        if margin is not None:
            drawn += _level(ax, across, up, gap, margin, colors=FAINT, linewidths=1.2, linestyles="--")
    if margin is not None:
        drawn += ax.plot([], [], color=FAINT, linewidth=1.2, linestyle="--", label=f"margin {short(margin)}")
    return drawn


def _level(ax: Any, across: Array, up: Array, z: Array, level: float, **style: Any) -> list[Any]:
    if not z.min() < level < z.max():  # matplotlib warns of a line that is nowhere
        return []
    return [ax.contour(across, up, z, levels=[level], zorder=1, **style)]


def draw_samples(ax: Any, points: Array, labels: Any, names: Mapping[Any, str], wrong: Any) -> None:
    """Draw samples (n, 2), a marker and a colour per class, and a ring round those that are wrong."""
    size = 42 if len(points) <= 300 else 26
    for i, (label, name) in enumerate(names.items()):
        look, here = look_of(i), points[labels == label]
        ax.scatter(
            *here.T, s=size, marker=look.marker, c=look.colour, edgecolors=GROUND, linewidths=0.7, label=entry(name)
        )
    if wrong.any():
        rings = {"s": 4.5 * size, "facecolors": "none", "edgecolors": INK, "linewidths": 1.5}
        ax.scatter(*points[wrong].T, label="wrong", **rings)


# ------------------------------------------------------------------------------------------------------ misread images

TILES, COLUMNS = 24, 8  # images at most, and side by side


def plot_misread(
    model: Callable[[list[Any]], Any],
    X: Any,
    y: Any,
    shape: tuple[int, int],
    *,
    classes: Sequence[str] | None = None,
) -> tuple[Any, Any]:
    """Plot the images that a model puts into a wrong class, those it is most sure of first, 24 at most.

    X: (n, d), an image per row; shape: its rows and columns of pixels; y: (n,), classes 0 … k-1 of k outputs, or of one
    output as for `plot_decision_boundary`. Over each image stands its class, and the one the model takes it for.
    `classes` names them in their order. ValueError for other shapes.

        >>> from nn import MLP
        >>> X = [[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]]  # two images of 2 · 2 pixels
        >>> figure, axes = plot_misread(MLP(4, [2]), X, [0, 1], (2, 2), classes=["below", "above"])
    """
    import numpy as np

    images, labels = np.asarray(X, dtype=float), np.asarray(y)
    if images.ndim != 2 or images.shape[1] != math.prod(shape) or labels.shape != (len(images),) or not len(images):
        told = f"got {' × '.join(map(str, images.shape))} and {len(np.atleast_1d(labels))} classes"
        raise ValueError(f"X needs a row of {shape[0]} · {shape[1]} pixels for each class in y: {told}")
    with evaluating(model):
        gaps = gaps_of(outputs_of(model, list(images.T)), getattr(model, "threshold", 0.0))
    known = known_classes(labels, 1 if len(gaps) == 2 else len(gaps))
    names = dict(zip(range(len(known)), classes or map(str, known)))
    truth, guess = np.array([known.index(label) for label in labels.tolist()]), gaps.argmax(axis=0)
    wrong = np.flatnonzero(truth != guess)
    ranked = wrong[np.argsort(-gaps.max(axis=0)[wrong], kind="stable")][:TILES].tolist()
    shown = [(images[i].reshape(shape), names[truth[i]], names[guess[i]]) for i in ranked]
    return _tiles(shown, len(wrong), len(labels))


def _tiles(shown: Sequence[tuple[Array, str, str]], wrong: int, n: int) -> Plot:
    """Draw images side by side, each with its class and what it was taken for."""
    rows = max(1, math.ceil(len(shown) / COLUMNS))
    fig = blank(WIDTH, 60 + 118 * rows, layout="constrained")
    axes = fig.subplots(rows, COLUMNS, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, (pixels, truth, guess) in zip(axes.flat, shown):
        ax.imshow(pixels, cmap="gray_r", interpolation="nearest")
        told = f"{clipped(truth)}, read {clipped(guess)}"
        ax.set_title(told, fontsize=SMALL, color=INK, parse_math=False)
    more = f"; the {len(shown)} it was most sure of" if wrong > len(shown) else ""
    title = f"{wrong:,} of {n:,} misread ({100 * wrong / n:.4g} %){more}"
    fig.suptitle(title, fontsize=TITLE, x=0.01, ha="left", color=INK)
    return Plot(fig, axes)


# ------------------------------------------------------------------------------------------------------ loss landscape


def plot_loss_landscape(
    loss: Callable[[], Any],
    parameters: Iterable[Value],
    directions: int = 2,
    *,
    span: float = 1.0,
    resolution: int | None = None,
    rng: Any = 0,
    ax: Any = None,
) -> tuple[Any, Any]:
    """Plot the loss along one random direction from where the parameters are, or over the plane of two.

    A direction is drawn from a normal distribution and made as long as the vector of all parameters, so that ±1 on its
    axis is a step of the model's own size; two are orthogonal. Source: Li et al. 2018, "Visualizing the Loss Landscape
    of Neural Nets", without its scaling of each filter apart.

    `loss` takes nothing and returns the loss, a Value or a float; it is called `resolution` times for one direction
    (61), resolution² times for two (31²), recording nothing. The parameters' numbers are put back, whatever happens.
    Where the loss has no finite value the plot has a hole. TypeError for a loss that is no function, ValueError without
    parameters, and where no value is finite.

        >>> x, y = Value(1.0, "x"), Value(2.0, "y")
        >>> figure, ax = plot_loss_landscape(lambda: x * x + y * y, [x, y], directions=1, resolution=5)
        >>> x.data, y.data  # where they were
        (1.0, 2.0)
    """
    import numpy as np

    _check_function("plot_loss_landscape", "loss, a function without arguments", loss)
    values = _parameters("plot_loss_landscape", parameters)
    if directions not in (1, 2):
        raise ValueError(f"a landscape has directions=1 or 2, not {directions!r}")
    if len(values) < directions:
        raise ValueError(f"{directions} directions need at least as many parameters, got {len(values)}")
    start = np.array([value.data for value in values])
    axes = _directions(start, directions, np.random.default_rng(rng))
    steps = np.linspace(-span, span, resolution or (61, 31)[directions - 1])
    with restored(values), no_grad():
        here = _loss_at(loss, values, start)
        if directions == 1:
            heights = np.array([_loss_at(loss, values, start + a * axes[0]) for a in steps])
        else:
            rows = [[_loss_at(loss, values, start + a * axes[0] + b * axes[1]) for a in steps] for b in steps]
            heights = np.array(rows)
    if not np.isfinite(heights).any():
        raise ValueError("the loss is not finite anywhere near these parameters")
    plot = panels(ax, 1, 1, height=HEIGHT if directions == 1 else TALL)
    (_slice if directions == 1 else _surface)(plot, steps, heights, here)
    return returned(plot, ax)


def _directions(start: Array, count: int, rng: Any) -> list[Array]:
    """Return orthogonal random vectors, each as long as the parameters (1 where these are all 0)."""
    import numpy as np

    length = float(np.linalg.norm(start)) or 1.0
    q, r = np.linalg.qr(rng.standard_normal((len(start), count)))
    return [length * math.copysign(1.0, r[i, i]) * q[:, i] for i in range(count)]


@contextmanager
def restored(values: Sequence[Value]) -> Iterator[None]:
    """Put the numbers of Values back at the end."""
    numbers = [value.data for value in values]
    try:
        yield
    finally:
        for value, number in zip(values, numbers):
            value.data = number


def _loss_at(loss: Callable[[], Any], values: Sequence[Value], numbers: Array) -> float:
    """Return the loss at these numbers; NaN where it has no finite value."""
    for value, number in zip(values, numbers.tolist()):
        value.data = number
    try:
        found = float(loss())
    except (DomainError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def _slice(plot: Plot, steps: Array, heights: Array, here: float) -> None:
    look = LOOKS[0]
    plot.ax.plot(steps, heights, color=look.colour, linewidth=2)
    plot.ax.plot(
        [0.0], [here], marker="X", color=LOOKS[1].colour, markersize=11, linestyle="none", markeredgecolor=GROUND,
        label=f"the model: loss {short(here)}",
    )  # fmt: skip
    styled(plot.ax, "Loss along a random direction", "step, in lengths of the parameter vector", "loss")
    explained(plot.ax)


def _surface(plot: Plot, steps: Array, heights: Array, here: float) -> None:
    filled = _contours(plot.ax, steps, steps, heights)
    plot.ax.plot(
        [0.0], [0.0], marker="X", color=LOOKS[1].colour, markersize=12, linestyle="none", markeredgecolor=GROUND,
        label=f"the model: loss {short(here)}",
    )  # fmt: skip
    bar = plot.fig.colorbar(filled, ax=plot.ax, format="%.3g")
    bar.set_label("loss", fontsize=LABEL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, colors=INK)
    styled(plot.ax, "Loss over two random directions", "first direction", "second direction")
    plot.ax.set_aspect("equal")
    explained(plot.ax, loc="upper right")


LEVELS = 16
VALLEY, HILL = (255, 255, 255), (122, 140, 160)  # from white to grey: whatever is drawn on it can be seen


def _contours(ax: Any, across: Array, up: Array, heights: Array) -> Any:
    """Draw lines of equal height, closer together in the valley, pale there and darker uphill."""
    import numpy as np

    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    high = high if high > low else low + 1.0  # a plane
    levels = low + (high - low) * np.linspace(0.0, 1.0, LEVELS + 1) ** 2.5
    shares = np.linspace(0.0, 1.0, LEVELS)
    ramp = [tuple((v + (h - v) * share) / 255 for v, h in zip(VALLEY, HILL)) for share in shares]
    masked = np.ma.masked_invalid(heights)
    filled = ax.contourf(across, up, masked, levels=levels, colors=ramp)
    ax.contour(across, up, masked, levels=levels[1:-1], colors=FAINT, linewidths=0.6, linestyles="solid")
    return filled


# ------------------------------------------------------------------------------------------------------------- descent


def plot_descent(
    f: Callable[[Any, Any], Any],
    paths: Mapping[str, Sequence[Any]] | Sequence[Any],
    *,
    limits: tuple[float, float, float, float] | None = None,
    resolution: int = 160,
    ax: Any = None,
) -> tuple[Any, Any]:
    """Plot the contours of a function of two numbers, and over them how optimizers went down.

    `paths` names each path, a list of points (x, y); a path alone needs no name. The legend tells where each one ended
    up: the value of f there and the number of steps. `limits` (x0, x1, y0, y1) says what is shown, by default all
    points and some room; a path that leaves the finite numbers ends there, and the legend says so.

    f gets two columns of all points where it can take them, else one point at a time; where it has no value the plot
    has a hole. TypeError for what is no function or no path, ValueError where a path is empty or its points are not
    pairs.

        >>> from nn import descend
        >>> bowl = lambda x, y: x * x + 10 * y * y
        >>> path = descend(bowl, (3.0, 1.0), "sgd", lr=0.05, steps=5)
        >>> figure, ax = plot_descent(bowl, {"lr 0.05": path.points}, resolution=20)
    """
    import numpy as np

    _check_function("plot_descent", "f, a function of two numbers", f)
    named = {entry(name): _path(name, path) for name, path in _by_name(paths).items()}
    ends = [path[np.isfinite(path).all(axis=1)] for path in named.values()]
    x0, x1, y0, y1 = limits or _around(np.concatenate(ends))
    across, up = np.linspace(x0, x1, resolution), np.linspace(y0, y1, resolution)
    columns = [across[None, :].repeat(resolution, 0), up[:, None].repeat(resolution, 1)]
    (heights,) = _at_once_or_one_by_one(lambda x, y: [f(x, y)], [column.ravel() for column in columns])
    if not np.isfinite(heights).any():
        raise ValueError("f has no finite value anywhere in the plot: choose other limits")
    plot = panels(ax, 1, 1, height=TALL)
    _contours(plot.ax, across, up, heights.reshape(resolution, resolution))
    for i, (name, path) in enumerate(named.items()):
        _walk(plot.ax, look_of(i), name, path, f)
    first = next(iter(named.values()))[0]
    plot.ax.plot(
        *first, marker="o", markersize=13, markerfacecolor="none", markeredgecolor=INK, label="start", ls="none"
    )
    styled(plot.ax, "Descent", "x", "y")
    plot.ax.set(xlim=(x0, x1), ylim=(y0, y1))
    plot.ax.grid(False)
    explained(plot.ax, ncols=2, **BELOW)
    return returned(plot, ax)


def _by_name(paths: Mapping[str, Sequence[Any]] | Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    if isinstance(paths, Mapping):
        if not paths:
            raise ValueError("there are no paths to plot")
        return paths
    return {"path": paths}


def _path(name: str, path: Sequence[Any]) -> Array:
    """Return a path as an array (n, 2), cut after the last point that is finite."""
    import numpy as np

    try:
        points = [[float(x) for x in point] for point in path]
    except TypeError:
        told = f"got {type(path).__name__} for {clipped(str(name))!r}"
        raise TypeError(
            f"plot_descent takes paths, lists of points (x, y), such as descend(…).points; {told}"
        ) from None
    if not points or any(len(point) != 2 for point in points):
        raise ValueError(f"the path {clipped(str(name))!r} needs points (x, y), at least one")
    found = np.array(points)
    lost = ~np.isfinite(found).all(axis=1)
    if lost[0]:
        raise ValueError(f"the path {clipped(str(name))!r} starts at {points[0]}, which is not finite")
    return found[: int(lost.argmax()) + 1] if lost.any() else found


def _around(points: Array) -> tuple[float, float, float, float]:
    x, y = (_axis(column, 2) for column in points.T)
    return float(x[0]), float(x[1]), float(y[0]), float(y[1])


def _walk(ax: Any, look: Look, name: str, path: Array, f: Callable[[Any, Any], Any]) -> None:
    """Draw one path, with marks at its points, as many as can be told apart, and one larger where it ends."""
    import numpy as np

    diverged = not np.isfinite(path[-1]).all()
    steps = _counted(len(path) - 1, "step", "steps")
    there = math.nan if diverged else next(iter(_numbers(lambda x, y: [f(x, y)], path[-1].tolist())), math.nan)
    words = f"{name}: diverged after {steps}" if diverged else f"{name}: f = {short(there)} after {steps}"
    every = max(1, len(path) // 25)
    ax.plot(
        *path.T, color=look.colour, linestyle=look.dashes, linewidth=1.8, marker=look.marker, markersize=5,
        markevery=every, markeredgecolor=GROUND, markeredgewidth=0.6, label=words,
    )  # fmt: skip
    if not diverged:
        ax.plot(*path[-1], marker=look.marker, markersize=11, color=look.colour, markeredgecolor=INK, linestyle="none")


# ------------------------------------------------------------------------------------------------- gradients per layer


def plot_gradient_flow(source: Any, *, ax: Any = None) -> tuple[Any, Any]:
    """Plot the mean |gradient| of each layer: as the last backward pass left it, or over the epochs of a history.

    A source with `gradient_flow` (layer to one number per epoch) is a history; any other is a model, or a list of its
    parameters, after zero_grad() and a backward pass: gradients left from before would be added in. Units all of whose
    parameters got the gradient 0 are dead, and are listed: no sample of that pass taught them anything. ValueError
    before any backward pass, and for gradients that are not finite.

        >>> from nn import MLP, mse
        >>> model = MLP(2, [4, 1])
        >>> mse(model([1.0, -2.0]), 3.0).backward()
        >>> figure, ax = plot_gradient_flow(model)
    """
    if hasattr(source, "gradient_flow"):
        return _flow_over_epochs(source.gradient_flow, ax)
    layers = _layers("plot_gradient_flow", source)
    plot = panels(ax, 1, 1)
    names = list(layers)
    means = [_mean([abs(p.grad) for p in parameters]) for parameters in layers.values()]
    if not any(means):
        raise ValueError("every gradient is 0: call backward() on the loss first, then plot")
    dead = {name: _dead_units(parameters) for name, parameters in layers.items()}
    _profile(plot.ax, names, means, dead)
    return returned(plot, ax)


def _flow_over_epochs(flow: Mapping[str, Sequence[float]], ax: Any) -> tuple[Any, Any]:
    if not any(len(numbers) for numbers in flow.values()):
        raise ValueError("this history is empty: no epoch was run, so there is no gradient flow to plot")
    plot = panels(ax, 1, 1)
    for i, (name, numbers) in enumerate(flow.items()):
        look = look_of(i)
        # what is 0 has no place on a logarithmic axis
        shown = [float(x) if math.isfinite(x) and x > 0 else math.nan for x in numbers]
        plot.ax.plot(
            range(1, len(shown) + 1), shown, color=look.colour, linestyle=look.dashes, linewidth=2, marker=look.marker,
            markevery=max(1, len(shown) // 10), markersize=6, label=entry(name),
        )  # fmt: skip
    plot.ax.set_yscale("log")
    styled(plot.ax, "Gradient flow", "epoch", "mean |gradient|")
    whole_numbers(plot.ax.xaxis)
    explained(plot.ax)
    return returned(plot, ax)


def _check_function(plot: str, what: str, given: Any) -> None:
    if not callable(given):
        raise TypeError(f"{plot} takes {what}, got {type(given).__name__}")


def _parameters(plot: str, source: Any) -> list[Value]:
    """Return the parameters of a model, or those of a list; TypeError for anything else."""
    found = source.parameters() if hasattr(source, "parameters") else source
    values = list(found) if isinstance(found, Iterable) else [found]
    wrong = next((x for x in values if not isinstance(x, Value)), None)
    if wrong is not None:
        raise TypeError(f"{plot} takes a model or a list of its parameters, Values, got {type(source).__name__}")
    return values


def _layers(plot: str, source: Any) -> dict[str, list[Value]]:
    """Return the parameters of a model, or of a list, by layer, in their order."""
    parameters = _parameters(plot, source)
    if not parameters:
        raise ValueError("there are no parameters, so there are no gradients to plot")
    layers: dict[str, list[Value]] = {}
    for parameter in parameters:
        if not math.isfinite(parameter.grad):
            raise ValueError(
                f"the gradient of {parameter.label or 'a parameter'} is {parameter.grad}: training diverged"
            )
        layers.setdefault(_unit_name(parameter.label)[0], []).append(parameter)
    return layers


def _unit_name(label: str) -> tuple[str, str]:
    """Return the layer and the unit that a parameter's label tells: its path up to the last `neuron…`.

    Without such a part they are what stands before the last two parts, and before the last one.
    """
    parts = label.split("/")
    neurons = [i for i, part in enumerate(parts[:-1]) if part.startswith("neuron")]
    place = neurons[-1] if neurons else len(parts) - 2
    layer = "/".join(parts[: max(place, 0)]) or ("layer" if neurons else "parameters")
    return layer, "/".join(parts[: place + 1]) or layer


def _dead_units(parameters: Iterable[Value]) -> dict[str, bool]:
    """Return which units of a layer got no gradient at all."""
    dead: dict[str, bool] = {}
    for parameter in parameters:
        _, unit = _unit_name(parameter.label)
        dead[unit] = dead.get(unit, True) and parameter.grad == 0
    return dead


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def flat_units(model: Any, X: Any) -> dict[str, bool] | None:
    """Return for each unit, by its path, whether its activation has slope 0 at every row of X (n, d).

    Such a unit hands no gradient on: it is dead. The model is recorded once, and the cards of its gates then take
    columns; a unit that ends in a gate of several inputs is never flat. None where the model does not take Values.
    """
    import numpy as np

    columns = np.asarray(X, dtype=float).T
    inputs = [Value(float(column[0])) for column in columns]
    try:
        ends = _as_list(model(list(inputs)))
        nodes = order(total(ends))
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        return None
    units = {parameter.label.rpartition("/")[0] for parameter in model.parameters()}
    known: dict[Value, Any] = dict(zip(inputs, columns))
    flat = {}
    with np.errstate(all="ignore"):
        for node in nodes:
            if node.gate is None:
                known.setdefault(node, node.data)
                continue
            xs = [known[x] for x in node.inputs]
            known[node] = node.gate.forward(*xs)
            if node.label and any(unit == node.label or unit.startswith(f"{node.label}/") for unit in units):
                is_flat = len(xs) == 1 and not np.any(node.gate.partials(known[node], *xs)[0])
                flat[node.label] = is_flat
    return flat


LISTED = 6  # names of dead units that the title has room for


def _profile(ax: Any, names: Sequence[str], means: Sequence[float], dead: Mapping[str, Mapping[str, bool]]) -> None:
    places = [i for i, mean in enumerate(means) if mean > 0]
    look = LOOKS[0]
    ax.plot(places, [means[i] for i in places], color=look.colour, linewidth=2, marker=look.marker, markersize=10)
    ax.set_yscale("log")
    ax.set_xticks(range(len(names)), [_tick(name, mean, dead[name]) for name, mean in zip(names, means)])
    ax.set_xlim(-0.5, len(names) - 0.5)
    units = [unit for each in dead.values() for unit, is_dead in each.items() if is_dead]
    more = f" and {len(units) - LISTED} more" if len(units) > LISTED else ""
    words = f"dead: {', '.join(units[:LISTED])}{more}" if units else "no dead units"
    styled(ax, "Gradient flow", textwrap.fill(words, 72), "mean |gradient|")


def _tick(name: str, mean: float, dead: Mapping[str, bool]) -> str:
    lines = [clipped(name), f"{mean:.2g}"]
    if any(dead.values()):
        lines.append(f"{sum(dead.values())} of {_counted(len(dead), 'unit', 'units')} dead")
    return "\n".join(lines)


def plot_histograms(model: Any, *, bins: int | None = None, ax: Any = None) -> tuple[Any, Any]:
    """Plot how the weights and the gradients of each layer are distributed: a row per layer, biases included.

    `model`: a model or a list of parameters, with the gradients of the last backward pass. `bins`: by default twice the
    square root of how many numbers there are, 30 at most. `ax`: an array of axes, two per layer. ValueError without
    parameters, and for numbers that are not finite.

        >>> from nn import MLP, mse
        >>> model = MLP(2, [4, 1])
        >>> mse(model([1.0, -2.0]), 3.0).backward()
        >>> figure, axes = plot_histograms(model)
    """
    layers = _layers("plot_histograms", model)
    plot = panels(ax, len(layers), 2, height=0.5 * HEIGHT)
    slots = flat(plot.ax)
    for i, (name, parameters) in enumerate(layers.items()):
        last = i == len(layers) - 1
        _histogram(slots[2 * i], name, "weights", [p.data for p in parameters], bins, last)
        _histogram(slots[2 * i + 1], name, "gradients", [p.grad for p in parameters], bins, last)
    return returned(plot, ax)


def _histogram(ax: Any, layer: str, what: str, numbers: Sequence[float], bins: int | None, last: bool) -> None:
    look, hatch = (LOOKS[0], "") if what == "weights" else (LOOKS[1], "///")
    bins = bins or min(30, math.ceil(2 * math.sqrt(len(numbers))))
    ax.hist(numbers, bins=bins, color=look.pale, edgecolor=look.colour, hatch=hatch)
    ax.axvline(0.0, color=INK, linewidth=1)
    styled(ax, f"{clipped(layer)}: {len(numbers):,} {what}", what if last else "", "count")
    ax.locator_params(axis="x", nbins=6)
    whole_numbers(ax.yaxis)
