"""Plots of training: what they show is what they were given, in any notebook, with nothing global touched."""

from __future__ import annotations

import io
import math
import re
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
import viz
from autograd import Value
from autograd import functions as gate
from autograd.errors import pip_install
from viz import paper
from viz.plot_style import LOOKS, Plot

pytest.importorskip("matplotlib", reason='pip install "gatewise[plots]"')

CORNERS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
CURVES = {"loss": [1.0, 0.5, 0.25], "accuracy": [0.5, 0.75, 1.0]}
VALIDATION = {"validation_loss": [1.1, 0.6, 0.7], "validation_accuracy": [0.5, 0.7, 0.6]}
HOSTILE = ["$\\frac{", "_hidden", "<b>&\n", "w" * 300, "日本 😀"]


def history(**curves: Any) -> Any:
    """Return a history of three epochs, as `fit` returns them."""
    return SimpleNamespace(**{**CURVES, **curves})


def slanted(xs: list[Any]) -> Any:
    """Return a score that is positive above the diagonal x₁ + x₂ = 2."""
    return gate.dot([1.0, 1.0], xs, -2.0)


def fan(xs: list[Any]) -> list[Any]:
    """Return three scores, whose regions meet in (1, 1)."""
    return [xs[0] - 1.0, xs[1] - 1.0, 2.0 - xs[0] - xs[1]]


def bowl(x: Any, y: Any) -> Any:
    """Return x² + 2y²."""
    return x * x + 2.0 * y * y


def parameters(dead: tuple[str, ...] = ()) -> list[Value]:
    """Return the parameters of an MLP 2-3-1 after a backward pass: layer1 with gradients 0.01, layer2 with 1."""
    found = []
    for layer, nin, nout in ((1, 2, 3), (2, 3, 1)):
        for unit in [f"layer{layer}/neuron{i}" for i in range(1, nout + 1)]:
            for name in [*[f"w{i}" for i in range(1, nin + 1)], "b"]:
                found.append(Value(0.5 * layer, f"{unit}/{name}"))
                found[-1].grad = 0.0 if unit in dead else -(0.01 ** (2 - layer))
    return found


PLOTS: dict[str, Callable[..., Any]] = {
    "history": lambda **ax: viz.plot_history(history(**VALIDATION), **ax),
    "boundary": lambda **ax: viz.plot_decision_boundary(slanted, CORNERS, [0, 0, 0, 1], margin=1.0, **ax),
    "classes": lambda **ax: viz.plot_decision_boundary(fan, CORNERS, [2, 0, 1, 0], **ax),
    "slice": lambda **ax: viz.plot_loss_landscape(lambda: 1.0, parameters(), 1, resolution=5, **ax),
    "landscape": lambda **ax: viz.plot_loss_landscape(lambda: 1.0, parameters(), 2, resolution=3, **ax),
    "descent": lambda **ax: viz.plot_descent(bowl, {"SGD": [(2, 1), (1, 0)], "Adam": [(2, 1), (0, 0)]}, **ax),
    "flow": lambda **ax: viz.plot_gradient_flow(parameters(dead=("layer1/neuron2",)), **ax),
    "epochs": lambda **ax: viz.plot_gradient_flow(history(gradient_flow={"layer1": [1, 0.1], "layer2": [2, 0]}), **ax),
    "histograms": lambda **ax: viz.plot_histograms(parameters(), **ax),
}
every_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS.keys())


def panels_of(plot: Any) -> list[Any]:
    """Return the axes of a plot, one after the other."""
    return list(np.atleast_1d(np.asarray(plot[1], dtype=object)).flat)


def legend(ax: Any) -> list[str]:
    """Return what the legend says."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def lines(ax: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Return the named lines of a panel: their x and their y."""
    return {line.get_label(): tuple(map(list, line.get_data())) for line in ax.get_lines()}


# --------------------------------------------------------------------------------------------- what all have in common


@every_plot
def test_the_same_plot_is_the_same_bytes(plot: Callable[..., Any], tmp_path: Any) -> None:
    for suffix in (".png", ".pdf"):
        first, second = (plot().save(tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
        assert first == second
        assert b"CreationDate" not in first


@every_plot
def test_nothing_global_is_touched(plot: Callable[..., Any]) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    for _ in range(2):
        fig, _ = plot()
        fig.canvas.draw()
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


@every_plot
def test_axes_of_somebody_else_are_drawn_into(plot: Callable[..., Any]) -> None:
    from matplotlib.figure import Figure

    shape = np.asarray(plot().ax, dtype=object).shape
    fig = Figure()
    given = fig.subplots(*(shape or (1,)))
    found = plot(ax=given)
    assert found[0] is fig
    assert found[1] is given
    assert all(ax.has_data() for ax in panels_of(found))
    assert not hasattr(found, "_repr_png_")  # whoever made the figure shows it
    with pytest.raises(ValueError, match="axes, and ax holds 7"):
        plot(ax=Figure().subplots(7))


@every_plot
def test_a_notebook_shows_the_plot_and_its_figure(plot: Callable[..., Any]) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    made = plot()
    for shown in (made, made.fig):
        bundle, metadata = formatters.DisplayFormatter().format(shown)
        assert bundle["image/png"].startswith(b"\x89PNG")
        width, height = made.fig.get_size_inches() * paper.PIXELS_PER_INCH
        assert metadata["image/png"] == {"width": round(width), "height": round(height)}


@every_plot
def test_what_a_notebook_stores_is_smaller_and_looks_the_same(
    plot: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image")
    fig = plot().fig
    whole = paper.encoded(fig, "png")
    monkeypatch.setattr(paper, "encoded", lambda *_: whole)
    stored = fig._repr_png_()[0]
    assert len(stored) < 0.5 * len(whole)
    seen, meant = [np.asarray(image.open(io.BytesIO(png)).convert("RGB"), dtype=int) for png in (stored, whole)]
    assert np.abs(seen - meant).max() <= 24  # of 255
    assert seen[0, 0].tolist() == meant[0, 0].tolist()  # the ground, which meets the page


@every_plot
def test_a_plot_is_a_figure_and_its_axes(plot: Callable[..., Any]) -> None:
    fig, ax = plot()
    assert {ax.figure for ax in panels_of((fig, ax))} == {fig}


def test_importing_viz_imports_neither_matplotlib_nor_numpy() -> None:
    code = "import sys, viz; viz.plot_history; print({'numpy', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "set()\n"


@every_plot
def test_without_matplotlib_one_line_says_what_to_type(
    plot: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    paper._figure_class.cache_clear()
    told = f"PNG, PDF and plots are drawn by matplotlib: {pip_install('matplotlib', 'Pillow')}"
    with pytest.raises(ImportError, match=f"^{re.escape(told)}$"):
        plot()


@pytest.mark.parametrize("name", ["plot.svg", "plot", "plot.jpg"])
def test_a_plot_is_saved_as_png_or_pdf_only(name: str, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=r"a plot is saved as \.png or \.pdf"):
        PLOTS["slice"]().save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_no_two_looks_differ_in_colour_alone() -> None:
    for field in ("colour", "dashes", "marker", "pale"):
        assert len({str(getattr(look, field)) for look in LOOKS}) == len(LOOKS)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(name: str) -> None:
    made = viz.plot_descent(bowl, {name: [(1, 1), (0, 0)]})
    made._repr_png_()
    assert len(legend(made.ax)) == 2
    label = Value(1.0, f"{name}/a/w1")
    label.grad = 1.0
    for found in (viz.plot_gradient_flow([label]), viz.plot_histograms([label])):
        found._repr_png_()
    viz.plot_gradient_flow(history(gradient_flow={name: [1.0, 2.0]}))._repr_png_()


# -------------------------------------------------------------------------------------------------------------- history


def test_a_history_shows_every_curve_and_the_best_epoch() -> None:
    plot = viz.plot_history(history(**VALIDATION))
    for ax, name in zip(panels_of(plot), ("loss", "accuracy")):
        assert lines(ax)["training"] == ([1, 2, 3], CURVES[name])
        assert lines(ax)["validation"] == ([1, 2, 3], VALIDATION[f"validation_{name}"])
        assert "lowest validation loss: epoch 2" in legend(ax)
        assert lines(ax)["lowest validation loss: epoch 2"][0] == [2, 2]


def test_a_history_without_validation_or_accuracy_shows_the_loss() -> None:
    plot = viz.plot_history(history(accuracy=[], validation_loss=[]))
    assert list(lines(plot.ax)) == ["training"]


def test_one_panel_of_somebody_else_shows_the_loss() -> None:
    from matplotlib.figure import Figure

    _, ax = viz.plot_history(history(), ax=Figure().subplots())
    assert lines(ax)["training"] == ([1, 2, 3], CURVES["loss"])


def test_a_single_epoch_can_be_seen() -> None:
    plot = viz.plot_history(history(loss=[1.0], accuracy=[0.5]))
    assert all(ax.get_lines()[0].get_marker() == "o" for ax in panels_of(plot))


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({"loss": [], "accuracy": []}, "this history is empty: no epoch was run"),
        ({"loss": [1.0, math.nan]}, "the history's loss is nan in epoch 2: training diverged"),
        ({"validation_loss": [math.inf]}, "the history's validation_loss is inf in epoch 1"),
    ],
)
def test_a_history_that_cannot_be_plotted_is_refused(curves: dict[str, list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.plot_history(history(**curves))


MODEL = nn.MLP(2, [3, 1], rng=0)


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        (lambda: viz.plot_history(MODEL), "plot_history takes what fit returns, a history, got MLP"),
        (lambda: viz.plot_histograms(history()), "plot_histograms takes a model or a list of its parameters, .*Simple"),
        (lambda: viz.plot_gradient_flow(history()), "plot_gradient_flow takes a model or a list of its parameters"),
        (
            lambda: viz.plot_gradient_flow([1.0]),
            "plot_gradient_flow takes a model or a list of its parameters, .* list",
        ),
        (
            lambda: viz.plot_loss_landscape(history(), MODEL.parameters()),  # type: ignore[arg-type]
            "plot_loss_landscape takes loss, a function without arguments, got SimpleNamespace",
        ),
        (
            lambda: viz.plot_loss_landscape(lambda: 1.0, history()),
            "plot_loss_landscape takes a model or a list of its parameters, Values, got SimpleNamespace",
        ),
        (lambda: viz.plot_descent(history(), []), "plot_descent takes f, a function of two numbers, got Simple"),  # type: ignore[arg-type]
        (
            lambda: viz.plot_descent(lambda x, y: x * y, history()),
            r"plot_descent takes paths, .*descend\(…\)\.points; got SimpleNamespace for 'path'",
        ),
    ],
)
def test_what_is_given_to_the_wrong_plot_is_refused_with_what_that_plot_takes(
    plot: Callable[[], Any], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        plot()


def test_who_looks_for_a_method_of_the_figure_is_told_what_a_plot_has() -> None:
    plot: Any = viz.plot_history(history())
    with pytest.raises(AttributeError, match=r"a plot has no 'savefig': \.save\(path\) writes it, \.fig is its figure"):
        plot.savefig("f.png")
    with pytest.raises(ValueError, match=r"a plot is saved as \.png or \.pdf, not as '\.svg'"):
        plot.save("f.svg")


# ---------------------------------------------------------------------------------------------------- decision boundary


def boundaries(ax: Any) -> np.ndarray[Any, Any]:
    """Return the points of all lines of equal height that are drawn as boundaries."""
    from matplotlib.contour import ContourSet

    found = [c for c in ax.collections if isinstance(c, ContourSet) and not c.filled and float(c.levels[0]) == 0.0]
    return np.concatenate([path.vertices for c in found for path in c.get_paths()])


def test_the_boundary_of_one_output_is_where_it_crosses_the_threshold() -> None:
    plot = viz.plot_decision_boundary(slanted, CORNERS, [0, 0, 0, 1])
    assert np.allclose(boundaries(plot.ax).sum(axis=1), 2.0)
    plot = viz.plot_decision_boundary(lambda xs: gate.sigmoid(slanted(xs)), CORNERS, [0, 0, 0, 1], threshold=0.5)
    assert np.allclose(boundaries(plot.ax).sum(axis=1), 2.0, atol=1e-3)


def test_the_boundary_of_k_outputs_is_where_the_two_best_are_equal() -> None:
    plot = viz.plot_decision_boundary(fan, CORNERS, [2, 0, 1, 0], resolution=101)
    scores = np.sort(np.stack(fan(list(boundaries(plot.ax).T))), axis=0)
    near_the_meeting_point = np.abs(boundaries(plot.ax) - 1.0).max(axis=1) < 0.1  # there the grid cuts the corner
    assert np.allclose((scores[2] - scores[1])[~near_the_meeting_point], 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("y", "right"), [([0, 0, 0, 1], 3), ([1, 1, 1, 0], 1), ([-1, -1, -1, 1], 3), ([1, 1, 1, 1], 1)]
)
def test_wrong_samples_are_ringed_and_counted(y: list[int], right: int) -> None:
    def model(xs: list[Any]) -> Any:
        return gate.dot([1.0, 1.0], xs, -1.0)  # takes (2, 0), (0, 2) and (2, 2) for the larger class

    truth = [0, 1, 1, 1]
    expected = sum((label == max(y)) == bool(t) for label, t in zip(y, truth)) if min(y) != max(y) else 3
    plot = viz.plot_decision_boundary(model, CORNERS, y)
    (rings,) = [c for c in plot.ax.collections if c.get_label() == "wrong"]
    assert len(rings.get_offsets()) == 4 - expected
    assert plot.ax.get_title("left").startswith(f"{expected} of 4 samples right")


def test_the_margin_is_drawn_on_both_sides() -> None:
    from matplotlib.contour import ContourSet

    plot = viz.plot_decision_boundary(slanted, CORNERS, [0, 0, 0, 1], margin=1.0)
    drawn = [c for c in plot.ax.collections if isinstance(c, ContourSet) and not c.filled and c.levels[0] == 1.0]
    sums = {round(float(v.sum()), 9) for c in drawn for path in c.get_paths() for v in path.vertices}
    assert sums == {1.0, 3.0}
    assert "margin 1" in legend(plot.ax)


def test_a_model_of_single_numbers_gives_the_same_picture() -> None:
    w = [Value(1.0), Value(1.0)]

    def network(xs: list[Any]) -> Value:  # as a reader writes it: no columns
        total = w[0] * xs[0] + w[1] * xs[1]
        if total == 0:  # which asks a column for one truth
            return Value(-2.0)
        return total - 2.0

    slow, fast = (viz.plot_decision_boundary(m, CORNERS, [0, 0, 0, 1], resolution=9) for m in (network, slanted))
    assert slow._repr_png_() == fast._repr_png_()


def test_a_model_is_asked_in_evaluation_mode_and_left_as_it_was() -> None:
    class Model:
        training = True
        asked: tuple[bool, ...] = ()

        def __call__(self, xs: list[Any]) -> Any:
            self.asked += (self.training,)
            return slanted(xs)

        def train(self) -> None:
            self.training = True

        def eval(self) -> None:
            self.training = False

    model = Model()
    viz.plot_decision_boundary(model, CORNERS, [0, 0, 0, 1])
    assert set(model.asked) == {False}
    assert model.training


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((4, 3)), [0, 0, 0, 1], "drawn for 2 inputs, so X needs the shape n × 2, got 4 × 3"),
        (np.ones(4), [0, 0, 0, 1], "n × 2, got 4"),
        (CORNERS, [0, 1], "y needs one class per row of X: 4 rows"),
        (np.ones((0, 2)), [], "one class per row of X: 0 rows"),
        (np.array([[0.0, 1.0], [math.nan, 2.0]]), [0, 1], r"row 1 \(from 0\) is \[nan, 2.0\]"),
        (CORNERS, [0, 1, 2, 1], "the class 2, but this model tells the classes 0 to 1 apart"),
        (CORNERS, [0, 1, 7, 1], "the class 7, but"),
    ],
)
def test_samples_that_cannot_be_plotted_are_refused(X: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.plot_decision_boundary(slanted, X, y)


def test_a_model_that_is_none_or_not_finite_is_refused() -> None:
    with pytest.raises(TypeError, match="int cannot be called"):
        viz.plot_decision_boundary(3, CORNERS, [0, 0, 0, 1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not finite everywhere"):
        viz.plot_decision_boundary(lambda xs: math.nan * xs[0], CORNERS, [0, 0, 0, 1])


# -------------------------------------------------------------------------------------------------------- the landscape


def test_a_slice_of_a_bowl_is_a_parabola_through_the_model() -> None:
    values = [Value(x) for x in (1.0, -2.0, 2.0)]  # of length 3
    plot = viz.plot_loss_landscape(lambda: sum(v.data**2 for v in values), values, 1, span=2.0, resolution=41)
    steps, heights = map(np.array, next(iter(lines(plot.ax).values())))
    assert np.allclose(np.diff(heights, 2), 2 * 9.0 * (steps[1] - steps[0]) ** 2)  # |θ + a d|² with |d| = |θ| = 3
    assert math.isclose(heights[20], 9.0)
    assert lines(plot.ax)["the model: loss 9"] == ([0.0], [9.0])


def test_two_directions_are_orthogonal_and_as_long_as_the_parameters() -> None:
    values = [Value(x) for x in (1.0, -2.0, 2.0)]
    seen: list[np.ndarray[Any, Any]] = []

    def loss() -> float:
        seen.append(np.array([v.data for v in values]))
        return float(sum(seen[-1]))

    viz.plot_loss_landscape(loss, values, 2, resolution=3)
    here, grid = seen[0], np.array(seen[1:]).reshape(3, 3, 3)
    first, second = grid[1, 2] - here, grid[2, 1] - here
    assert np.allclose([first @ first, second @ second, first @ second], [9.0, 9.0, 0.0])
    assert np.allclose(grid[1, 1], here)


def test_a_landscape_is_the_same_for_the_same_seed_only() -> None:
    def picture(**options: Any) -> Any:
        values = [Value(x) for x in (1.0, -2.0, 2.0)]
        return viz.plot_loss_landscape(lambda: values[0] * values[1], values, 1, resolution=9, **options)._repr_png_()

    assert picture() == picture(rng=0) == picture(rng=np.random.default_rng(0))
    assert picture() != picture(rng=1)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_parameters_are_put_back_whatever_happens(error: type[BaseException]) -> None:
    values = [Value(0.1), Value(0.2)]
    calls = iter(range(5))

    def loss() -> float:
        if next(calls) == 3:
            raise error
        return 1.0

    with pytest.raises(error):
        viz.plot_loss_landscape(loss, values, 1)
    assert [v.data for v in values] == [0.1, 0.2]


def test_a_landscape_records_nothing_and_has_holes_where_there_is_no_loss() -> None:
    w = Value(1.0, "w")
    plot = viz.plot_loss_landscape(lambda: gate.log(w), [w], 1, span=2.0, resolution=5)
    heights = next(iter(lines(plot.ax).values()))[1]
    assert sum(map(math.isnan, heights)) == 2  # at w = -1 and at w = 0
    assert (w.data, w.grad) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "2 directions need at least as many parameters, got 0"),
        ([1.0], {}, "2 directions need at least as many parameters, got 1"),
        ([1.0], {"directions": 3}, "directions=1 or 2, not 3"),
        ([-1.0, -2.0], {"span": 0.1}, "not finite anywhere near"),
    ],
)
def test_a_landscape_that_cannot_be_plotted_is_refused(
    values: list[float], options: dict[str, Any], message: str
) -> None:
    leaves = [Value(x) for x in values]
    with pytest.raises(ValueError, match=message):
        viz.plot_loss_landscape(lambda: gate.log(leaves[0]), leaves, **options)


# -------------------------------------------------------------------------------------------------------------- descent


def test_descent_shows_every_point_and_tells_how_each_path_ended() -> None:
    plot = viz.plot_descent(bowl, {"SGD": [(2, 1), (1, -1)], "Adam": [(2, 1), (Value(0.0), 0.5), (0, 0)]})
    assert lines(plot.ax)["SGD: f = 3 after 1 step"] == ([2, 1], [1, -1])
    assert lines(plot.ax)["Adam: f = 0 after 2 steps"] == ([2, 0, 0], [1, 0.5, 0])


def test_a_path_that_diverges_ends_where_it_was_last_finite() -> None:
    plot = viz.plot_descent(bowl, {"too fast": [(1, 1), (-9, 9), (math.inf, 1), (math.nan, 0)]}, limits=(-2, 2, -2, 2))
    assert legend(plot.ax)[0] == "too fast: diverged after 2 steps"
    assert plot.ax.get_xlim() == (-2.0, 2.0)


def test_a_path_alone_needs_no_name() -> None:
    assert legend(viz.plot_descent(bowl, [(1, 1), (0, 0)]).ax)[0] == "path: f = 0 after 1 step"


def test_a_function_of_single_numbers_gives_the_same_contours() -> None:
    def careful(x: float, y: float) -> float:
        return math.fsum([x * x, 2.0 * y * y]) if x > -100 else math.inf

    slow, fast = (viz.plot_descent(f, [(1, 1), (0, 0)], resolution=9) for f in (careful, bowl))
    assert slow._repr_png_() == fast._repr_png_()


def test_contours_have_holes_where_the_function_has_no_value() -> None:
    viz.plot_descent(lambda x, y: gate.log(x) + y, [(1, 1), (2, 1)], limits=(-1, 3, 0, 2), resolution=9)._repr_png_()
    with pytest.raises(ValueError, match="no finite value anywhere"):
        viz.plot_descent(lambda x, y: gate.log(x) + y, [(1, 1)], limits=(-3, -1, 0, 2), resolution=9)


def test_a_constant_function_is_a_plain() -> None:
    viz.plot_descent(lambda x, y: 3.0, [(1, 1), (2, 1)])._repr_png_()


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({}, "no paths"),
        ({"SGD": []}, r"'SGD' needs points \(x, y\), at least one"),
        ({"SGD": [(1, 2, 3)]}, r"'SGD' needs points \(x, y\)"),
        ({"SGD": [(math.nan, 2)]}, "'SGD' starts at .* not finite"),
    ],
)
def test_paths_that_cannot_be_plotted_are_refused(paths: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        viz.plot_descent(bowl, paths)


# ------------------------------------------------------------------------------------------------- gradients per layer


def test_gradient_flow_is_the_mean_of_each_layer_on_a_logarithmic_axis() -> None:
    ax = viz.plot_gradient_flow(parameters()).ax
    assert np.allclose(ax.get_lines()[0].get_ydata(), [0.01, 1.0])
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "no dead units"


def test_dead_units_are_counted_and_listed() -> None:
    ax = viz.plot_gradient_flow(SimpleNamespace(parameters=lambda: parameters(dead=("layer1/neuron2",)))).ax
    assert ax.get_xlabel() == "dead: layer1/neuron2"
    assert [text.get_text() for text in ax.get_xticklabels()] == ["layer1\n0.0067\n1 of 3 units dead", "layer2\n1"]


@pytest.mark.parametrize(
    ("labels", "ticks"),
    [
        (["layer1/neuron0/piece0/w0", "layer1/neuron0/piece1/w0"], ["layer1"]),
        (["neuron0/w0", "neuron1/w0"], ["layer"]),
        (["w0", "w1", "b"], ["parameters"]),
        (["", ""], ["parameters"]),
        (["hidden/h1/w", "out/o1/w"], ["hidden", "out"]),
        (["layer1/layer2/neuron0/w0", "layer2/neuron0/w0"], ["layer1/layer2", "layer2"]),
    ],
)
def test_layers_are_read_from_labels(labels: list[str], ticks: list[str]) -> None:
    found = [Value(1.0, label) for label in labels]
    for p in found:
        p.grad = 1.0
    ax = viz.plot_gradient_flow(found).ax
    assert [text.get_text().split("\n")[0] for text in ax.get_xticklabels()] == ticks


def test_a_dead_layer_leaves_a_gap() -> None:
    everything = tuple(f"layer1/neuron{i}" for i in (1, 2, 3))
    ax = viz.plot_gradient_flow(parameters(dead=everything)).ax
    assert list(ax.get_lines()[0].get_xdata()) == [1]
    assert ax.get_xticklabels()[0].get_text().endswith("3 of 3 units dead")


def test_the_flow_of_a_history_is_a_curve_per_layer() -> None:
    ax = viz.plot_gradient_flow(history(gradient_flow={"layer1": [0.5, 0.25], "layer2": [1.0, 0.0]})).ax
    assert lines(ax)["layer1"] == ([1, 2], [0.5, 0.25])
    assert lines(ax)["layer2"][1][0] == 1.0
    assert math.isnan(lines(ax)["layer2"][1][1])  # 0 has no place on a logarithmic axis
    with pytest.raises(ValueError, match="empty"):
        viz.plot_gradient_flow(history(gradient_flow={"layer1": []}))


def test_histograms_count_every_weight_and_every_gradient() -> None:
    plot = viz.plot_histograms(parameters())
    counts = [sum(bar.get_height() for bar in ax.patches) for ax in panels_of(plot)]
    assert counts == [9, 9, 4, 4]
    titles = [ax.get_title("left") for ax in panels_of(plot)]
    assert titles == ["layer1: 9 weights", "layer1: 9 gradients", "layer2: 4 weights", "layer2: 4 gradients"]


@pytest.mark.parametrize("plot", [viz.plot_gradient_flow, viz.plot_histograms])
def test_parameters_that_cannot_be_plotted_are_refused(plot: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="no parameters"):
        plot([])
    broken = parameters()
    broken[4].grad = math.nan
    with pytest.raises(ValueError, match="the gradient of layer1/neuron2/w2 is nan"):
        plot(broken)


def test_gradient_flow_before_any_backward_pass_is_refused() -> None:
    with pytest.raises(ValueError, match=r"call backward\(\) on the loss first"):
        viz.plot_gradient_flow([Value(1.0, "layer1/neuron1/w1")])


def test_a_plot_of_ours_is_a_tuple() -> None:
    assert isinstance(PLOTS["slice"](), Plot)
    fig, ax = PLOTS["slice"]()
    assert ax.figure is fig


# ---------------------------------------------------------------------------------------------------- models of `nn`


@pytest.mark.parametrize(("output", "loss"), [("linear", "binary_cross_entropy"), ("sigmoid", "mse")])
def test_a_trained_network_is_shown_with_the_accuracy_that_nn_tells(output: str, loss: str) -> None:
    X, y = nn.moons(40, rng=1)
    model = nn.MLP(2, [4, 1], output=output)
    history = nn.fit(model, X, y, loss=loss, optimizer="adam", epochs=3, validation=(X, y), progress=False)
    right = round(nn.accuracy(model, X, y) * 40)
    assert 0 < right < 40
    plot = viz.plot_decision_boundary(model, X, y, resolution=20)
    assert plot.ax.get_title("left").startswith(f"{right} of 40 samples right")
    loss_ax, accuracy_ax = panels_of(viz.plot_history(history))
    assert lines(loss_ax)["training"][1] == history.loss
    assert lines(accuracy_ax)["validation"][1] == history.validation_accuracy
    assert set(lines(viz.plot_gradient_flow(history).ax)) == {"layer1", "layer2"}


def test_the_dead_units_of_a_network_are_those_that_no_sample_wakes() -> None:
    X, y = nn.moons(20, rng=1)
    model = nn.MLP(2, [3, 1], rng=0)
    model.layers[0].neurons[1].b.data = -100.0
    loss = sum((nn.binary_cross_entropy(model(row), label) for row, label in zip(X.tolist(), y.tolist())), Value(0.0))
    loss.backward()
    ax = viz.plot_gradient_flow(model).ax
    assert ax.get_xlabel() == "dead: layer1/neuron1"
    counts = [sum(bar.get_height() for bar in each.patches) for each in panels_of(viz.plot_histograms(model))]
    assert counts == [9, 9, 4, 4]


def test_a_network_of_three_inputs_is_refused() -> None:
    with pytest.raises(ValueError, match="takes 3 inputs, got 2"):
        viz.plot_decision_boundary(nn.MLP(3, [1]), CORNERS, [0, 0, 0, 1])


def test_the_landscape_of_a_network_leaves_it_as_it_was() -> None:
    X, y = nn.moons(20, rng=1)
    model = nn.MLP(2, [3, 1], rng=0)
    before = [p.data for p in model.parameters()]
    viz.plot_loss_landscape(
        lambda: float(np.mean(nn.binary_cross_entropy(model(list(X.T)), y))), model.parameters(), resolution=5
    )
    assert [p.data for p in model.parameters()] == before


# ------------------------------------------------------------------------------------------------------ misread images


def brightest(xs: list[Any]) -> list[Any]:
    """Return as scores the pixels of images of 2 × 2."""
    return list(xs)


def test_misread_images_come_with_their_class_and_what_they_were_taken_for_the_surest_first() -> None:
    X = np.array([[0.9, 0.1, 0.0, 0.0], [0.0, 0.2, 0.3, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    plot = viz.plot_misread(brightest, X, [0, 1, 3, 3], (2, 2), classes=["a", "b", "$c", "d"])
    assert plot.fig.get_suptitle() == "2 of 4 misread (50 %)"
    tiles = [ax for ax in panels_of(plot) if ax.get_images()]
    assert [ax.get_title() for ax in tiles] == ["d, read a", "b, read $c"]
    assert np.asarray(tiles[0].get_images()[0].get_array()).tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_of_many_misread_images_the_first_are_shown_and_of_none_there_is_no_image() -> None:
    X = np.tile([1.0, 0.0, 0.0, 0.0], (40, 1))
    plot = viz.plot_misread(brightest, X, [1] * 40, (2, 2))
    assert plot.fig.get_suptitle() == "40 of 40 misread (100 %); the 24 it was most sure of"
    assert sum(bool(ax.get_images()) for ax in panels_of(plot)) == 24
    none = viz.plot_misread(brightest, X, [0] * 40, (2, 2))
    assert none.fig.get_suptitle() == "0 of 40 misread (0 %)"
    assert not any(ax.get_images() for ax in panels_of(none))


@pytest.mark.parametrize(("X", "y"), [([[1.0, 2.0]], [0]), ([[1.0] * 4], [0, 1]), ([1.0] * 4, [0]), ([], [])])
def test_rows_that_are_no_such_images_are_refused(X: Any, y: Any) -> None:
    with pytest.raises(ValueError, match="X needs a row of 2 · 2 pixels for each class in y"):
        viz.plot_misread(brightest, X, y, (2, 2))
