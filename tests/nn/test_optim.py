"""Optimizers, asked of torch (stored and live), of their own words and of each other; line search and descent."""

import inspect
import json
import math
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import DomainError, Value, grad
from autograd.functions import log, sqrt
from nn import optim
from nn.optim import (
    OPTIMIZERS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    StopAtGradientNorm,
    descend,
    line_search,
    optimizer_named,
)
from tests.nn.make_golden_optim import FILE, KEPT, OPTIONS, START, Case, cases, few, torch_trajectory, trajectory

GOLDEN: list[tuple[str, dict[str, Any], list[list[float]]]] = json.loads(FILE.read_text(encoding="utf-8"))["optimizers"]

Move = Callable[[list[float]], list[float]]  # of a gradient; returns where the parameters are then


def made(case: Case, start: list[float] = START, kinds: Any = optim) -> Any:
    """Return a new optimizer of Values that stand at the start."""
    return getattr(kinds, case[0])([Value(x) for x in start], **case[1])


def by_update(case: Case, kinds: Any = optim) -> Move:
    """Return the moves of an optimizer on a vector."""
    optimizer, x = made(case, kinds=kinds), np.array(START)

    def move(g: list[float]) -> list[float]:
        optimizer.update(x, np.array(g))
        return x.tolist()

    return move


def by_step(case: Case) -> Move:
    """Return the moves of an optimizer on its Values."""
    optimizer = made(case)

    def move(g: list[float]) -> list[float]:
        for p, slope in zip(optimizer.parameters, g):
            p.grad = slope
        optimizer.step()
        return [p.data for p in optimizer.parameters]

    return move


def by_rule(case: Case) -> Move:
    """Return the moves of a rule on floats, one after another."""
    rule, xs, states = made(case).rule, list(START), [{} for _ in START]

    def move(g: list[float]) -> list[float]:
        xs[:] = [rule(x, slope, state) for x, slope, state in zip(xs, g, states)]
        assert all(type(x) is float for x in xs)
        return xs

    return move


def distance(case: Case, kept: list[list[float]], kinds: Any = optim) -> float:
    """Return how far an optimizer is at most from where torch's is; inf where it is nowhere."""
    path = np.array(trajectory(by_update(case, kinds), case[1]))
    return far(path[[step - 1 for step in KEPT]], kept)


def far(path: Any, other: Any) -> float:
    """Return the largest distance of two paths, relative to numbers above 1; inf where a path leaves the numbers."""
    path, other = np.array(path), np.array(other)
    return float(np.nan_to_num(np.abs(path - other) / np.maximum(1, np.abs(other)), nan=math.inf).max())


# -------------------------------------------------------------------------------------------------------------- torch


@pytest.mark.parametrize(("name", "options", "kept"), GOLDEN, ids=[f"{name} {options}" for name, options, _ in GOLDEN])
def test_fifty_steps_lead_where_torch_was_seen_to_go(
    name: str, options: dict[str, Any], kept: list[list[float]]
) -> None:
    assert distance((name, options), kept) <= 1e-10


def test_the_stored_trajectories_are_those_of_the_cases() -> None:
    assert [[name, options] for name, options, _ in GOLDEN] == json.loads(json.dumps(few()))


@pytest.mark.parametrize("name", OPTIONS)
def test_torch_goes_the_same_way_with_every_combination_of_options(name: str) -> None:
    pytest.importorskip("torch")
    for case in cases(name):
        assert far(trajectory(by_update(case), case[1]), torch_trajectory(case)) <= 1e-10, case


@pytest.mark.parametrize("case", few(), ids=str)
def test_torch_remembers_the_same_and_under_the_same_names(case: Case) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    theirs, ours, x = getattr(torch.optim, case[0])([tensor], **case[1]), made(case), np.array(START)
    for t in range(4):
        tensor.grad = torch.tensor([math.sin(i + 3 * t) for i in range(len(START))], dtype=torch.float64)
        theirs.step()
        ours.update(x, tensor.grad.numpy())
    for slot, numbers in ours.state.items():
        assert far(numbers, theirs.state[tensor][slot].tolist()) <= 1e-14
    assert set(theirs.state[tensor]) - set(ours.state) <= {"step"}  # a count that the rule has no use for


@pytest.mark.parametrize("name", OPTIONS)
def test_options_have_the_names_order_and_defaults_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    ours = dict(inspect.signature(getattr(optim, name)).parameters)
    ours.pop("parameters")
    machinery = {"params", "foreach", "fused", "capturable", "differentiable"}
    assert set(ours) == set(theirs) - machinery
    for option, parameter in ours.items():
        assert parameter.default == theirs[option].default, option
    in_order = [option for option in theirs if option in ours and option != "maximize"]
    assert [option for option in ours if option != "maximize"] == in_order


@pytest.mark.parametrize("name", OPTIONS)
def test_torch_feels_a_learning_rate_that_is_written_between_steps(name: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    theirs, ours, x = getattr(torch.optim, name)([tensor]), made((name, {})), np.array(START)
    for t in range(10):
        ours.lr = theirs.param_groups[0]["lr"] = 0.5 / (1 + t)
        tensor.grad = torch.tensor(np.cos(x * t))
        theirs.step()
        ours.update(x, tensor.grad.numpy())
    assert far(x, tensor.tolist()) <= 1e-13


@pytest.mark.parametrize("name", ["Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"])
def test_without_eps_a_gradient_of_zero_leads_where_it_leads_in_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
    tensor.grad = torch.tensor([0.0, 2.0], dtype=torch.float64)
    getattr(torch.optim, name)([tensor], eps=0.0).step()
    ours, x = made((name, {"eps": 0.0}), [1.0, 1.0]), np.array([1.0, 1.0])
    ours.update(x, np.array([0.0, 2.0]))
    assert x.tolist() == pytest.approx(tensor.tolist(), rel=1e-14, nan_ok=True)
    assert ours.rule(1.0, 0.0, {}) == pytest.approx(tensor.tolist()[0], nan_ok=True)


# ------------------------------------------------------------------------------------- would the stored numbers notice?

MISTAKES = (
    # SGD
    ("return x - self.lr * v", "return x + self.lr * v"),
    ("(1 - self.dampening) * g", "g"),
    ('if "momentum_buffer" in state:', 'if state.setdefault("momentum_buffer", 0.0) is not None:'),
    ("v = g + self.momentum * v if self.nesterov else v", "v = self.momentum * v if self.nesterov else v"),
    ("g + self.weight_decay * x if", "g - self.weight_decay * x if"),
    ("g = -g if self.maximize else g\n        return g +", "return g +"),
    # Adagrad
    ("(t - 1) * self.lr_decay", "t * self.lr_decay"),
    ("quotient(g, sqrt(s) + self.eps)", "quotient(g, sqrt(s + self.eps))"),
    ('state.get("sum", self.initial_accumulator_value)', 'state.get("sum", 0.0)'),
    # Adadelta
    ("quotient(sqrt(u + self.eps), sqrt(v + self.eps))", "quotient(sqrt(u) + self.eps, sqrt(v) + self.eps)"),
    ("rho * u + (1 - rho) * delta * delta", "rho * u + (1 - rho) * delta"),
    # RMSprop
    ("maximum(v - m * m, 0.0)", "v"),
    ('self.momentum * state.get("momentum_buffer", 0.0) + b', 'state.get("momentum_buffer", 0.0) + b'),
    ("b = quotient(g, sqrt(v) + self.eps)", "b = quotient(g, sqrt(v + self.eps))"),
    # Adam and AdamW
    ("m / (1 - beta1**t)", "m"),
    ("v / (1 - beta2**t)", "v"),
    ("m / (1 - beta1**t)", "m / (1 - beta1 ** (t - 1 or 1))"),
    ("beta1, beta2 = self.betas", "beta2, beta1 = self.betas"),
    ("quotient(m_hat, sqrt(v_hat) + self.eps)", "quotient(m_hat, sqrt(v_hat + self.eps))"),
    ("quotient(m_hat, sqrt(v_hat) + self.eps)", "quotient(m_hat, sqrt(v_hat) + self.eps / sqrt(1 - beta2**t))"),
    ('maximum(state.get("max_exp_avg_sq", 0.0), v)', "v"),
    ("x = x - self.lr * self.weight_decay * x", "x = x - self.weight_decay * x"),
    ("if self.decoupled_weight_decay:\n            return", "if False:\n            return"),
)


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_mistake_in_a_rule_would_be_noticed(right: str, wrong: str) -> None:
    source = inspect.getsource(optim)
    assert right in source
    mistaken = ModuleType(optim.__name__)
    exec(compile(source.replace(right, wrong), "a rule with a mistake", "exec"), mistaken.__dict__)
    assert max(distance((name, options), kept, mistaken) for name, options, kept in GOLDEN) > 1e-6


# --------------------------------------------------------------------------------------- one rule, for float and vector


@pytest.mark.parametrize("case", few(), ids=str)
def test_floats_values_and_vectors_go_the_same_way_to_the_last_bit(case: Case) -> None:
    paths = [trajectory(moves(case), case[1]) for moves in (by_rule, by_step, by_update)]
    assert paths[0] == paths[1] == paths[2]


gradients = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(st.sampled_from(few()), st.lists(gradients, min_size=3, max_size=6), st.floats(0, 1e6))
def test_floats_and_vectors_agree_on_every_gradient_there_is(case: Case, slopes: list[float], lr: float) -> None:
    optimizer = made((case[0], {**case[1], "lr": lr}), [0.0, -1.5])
    x, state, vector = [0.0, -1.5], ({}, {}), np.array([0.0, -1.5])
    for g in slopes:
        x = [optimizer.rule(number, g, own) for number, own in zip(x, state)]
        optimizer.update(vector, np.array([g, g]))
        np.testing.assert_array_equal(vector, x)


@pytest.mark.parametrize("case", few(), ids=str)
def test_a_gradient_that_is_overwritten_later_is_not_remembered(case: Case) -> None:
    kept, overwritten, g = by_update(case), made(case), np.empty(len(START))
    x = np.array(START)
    for t in range(5):
        slopes = [math.sin(i + t) for i in range(len(START))]
        g[:] = slopes
        overwritten.update(x, g)
        assert g.tolist() == slopes
        g[:] = math.nan
        assert x.tolist() == kept(slopes)


@pytest.mark.parametrize("case", few(), ids=str)
def test_a_rule_leaves_its_arguments_as_they_are(case: Case) -> None:
    optimizer, x, g, state = made(case), np.array(START), np.ones(len(START)), {}
    for _ in range(3):
        moved = optimizer.rule(x, g, state)
        assert moved is not x
        assert x.tolist() == START
        assert g.tolist() == [1.0] * len(START)
    assert not optimizer.state


# ------------------------------------------------------------------------------------------------ what the papers claim


@pytest.mark.parametrize("kind", [Adagrad, RMSprop, Adam, AdamW])
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), st.integers(-20, 20))
def test_without_eps_the_scale_of_the_loss_does_not_matter(
    kind: type[Optimizer], slopes: list[float], power: int
) -> None:
    rule = made((kind.__name__, {"lr": 0.1, "eps": 0.0}), [0.0]).rule
    x, y, of_x, of_y = 1.0, 1.0, {}, {}
    for g in slopes:
        x, y = rule(x, g, of_x), rule(y, g * 2.0**power, of_y)
    assert x == y


@given(st.floats(1e-3, 1e3), st.floats(1e-6, 1.0), st.sampled_from([-1.0, 1.0]))
def test_the_first_step_of_adam_is_as_long_as_its_learning_rate(g: float, lr: float, sign: float) -> None:
    assert Adam([Value(0.0)], lr=lr).rule(0.0, sign * g, {}) == pytest.approx(-sign * lr, rel=1e-4)


@given(st.floats(0, 0.95), st.floats(-10, 10))
def test_momentum_under_a_constant_gradient_reaches_its_terminal_velocity(momentum: float, g: float) -> None:
    rule, x, state = SGD([Value(0.0)], lr=0.1, momentum=momentum).rule, 0.0, {}
    for _ in range(1000):
        before, x = x, rule(x, g, state)
    assert x - before == pytest.approx(-0.1 * g / (1 - momentum), rel=1e-6, abs=1e-9)


@given(st.floats(-1e6, 1e6).filter(bool), st.floats(1e-6, 0.999))
def test_gradient_descent_on_a_parabola_comes_nearer_with_every_step(x: float, lr: float) -> None:
    assert abs(SGD([Value(0.0)], lr=lr).rule(x, 2 * x, {})) < abs(x)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_finds_the_bottom_of_a_parabola(name: str) -> None:
    lr = {"sgd": 0.1, "adagrad": 1.0, "adadelta": 30.0, "rmsprop": 0.01}.get(name, 0.05)
    options = {"weight_decay": 0.0} if name == "adamw" else {}
    path = descend(lambda x, y: (x - 1) ** 2 + 3 * (y + 2) ** 2, (0.0, 0.0), name, lr=lr, steps=2000, **options)
    assert path.point == pytest.approx((1.0, -2.0), abs=0.02)


def test_a_centered_average_of_a_constant_gradient_never_falls_below_nothing() -> None:
    rule, x, state = RMSprop([Value(0.0)], alpha=0.5, centered=True).rule, 0.0, {}
    for _ in range(200):
        x = rule(x, 0.1, state)
    assert math.isfinite(x)


@pytest.mark.parametrize("name", OPTIONS)
def test_maximize_goes_where_the_negated_loss_is_minimized(name: str) -> None:
    up, down = made((name, {"maximize": True})), made((name, {}))
    x, y = np.array(START), np.array(START)
    for t in range(5):
        g = np.cos(x + t)
        up.update(x, g)
        down.update(y, -g)
    assert x.tolist() == y.tolist()


# --------------------------------------------------------------------------------------------------- using an optimizer


def test_step_moves_values_and_zero_grad_clears_them() -> None:
    x, y = Value(3.0), Value(-1.0)
    sgd = SGD([x, y], lr=0.5)
    (x * x + 2 * y).backward()
    sgd.step()
    assert (x.data, y.data, x.grad, y.grad) == (0.0, -2.0, 6.0, 2.0)
    sgd.zero_grad()
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_a_graph_over_moved_parameters_knows_that_it_is_stale() -> None:
    x = Value(3.0)
    f = x * x
    f.backward()
    SGD([x], lr=0.5).step()
    assert f.forward() == 0.0


def test_a_generator_of_parameters_is_as_good_as_a_list() -> None:
    xs = [Value(1.0), Value(2.0)]
    assert SGD(x for x in xs).parameters == xs


def test_a_rule_is_all_that_an_optimizer_of_ones_own_needs() -> None:
    class Signs(Optimizer):
        def rule(self, x: Any, g: Any, state: dict[str, Any]) -> Any:
            return x - self.lr * np.sign(g)

    x, y = Value(1.0), Value(2.0)
    signs = Signs([x, y], lr=0.25)
    (x * 7 - y).backward()
    signs.step()
    assert (x.data, y.data) == (0.75, 2.25)
    assert repr(signs) == "Signs(2 parameters, lr=0.25, weight_decay=0.0, maximize=False)"
    twin = Signs([x, y], lr=9.0)
    twin.load_state_dict(signs.state_dict())
    assert twin.lr == 0.25


@pytest.mark.parametrize(("direction", "length"), [(-1.2, 1.0), (-1.5, 0.5), (-0.8, 1.0), (-3.0, 0.25)])
def test_line_search_is_the_same_where_rounding_hides_the_values(direction: float, length: float) -> None:
    # of a parabola, t will do up to 2·(1 - decrease) times the best one, 1/|direction|
    for f in (lambda x: x * x, lambda x: 1.0 + 1e-20 * (x * x)):
        assert line_search(f, 1.0, direction) == length


def test_line_search_builds_no_graph_for_a_value() -> None:
    recorded: list[bool] = []

    def f(x: Value) -> Value:
        z = x * x
        recorded.append(z.gate is not None)
        return z

    assert line_search(f, 1.0, -1.0, slope=-2.0) > 0
    assert recorded[:1] == [False]


@pytest.mark.parametrize("kind", [SGD, Adagrad, RMSprop, Adam, AdamW])
def test_an_option_can_be_asked_of_the_class_as_help_does(kind: Any) -> None:
    for cls in kind.__mro__:
        for name in [name for name, found in vars(cls).items() if isinstance(found, optim.Bounded)]:
            assert isinstance(getattr(kind, name), optim.Bounded)


def test_line_search_options_are_those_of_its_signature() -> None:
    keywords = [p.name for p in inspect.signature(line_search).parameters.values() if p.kind is p.KEYWORD_ONLY]
    assert keywords == ["slope", *optim.SEARCH_OPTIONS]


def test_an_optimizer_shows_its_kind_and_options() -> None:
    assert repr(SGD([Value(1.0)], 0.5)) == (
        "SGD(1 parameter, lr=0.5, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False, maximize=False)"
    )
    assert repr(Adadelta([Value(1.0), Value(2.0)])).startswith("Adadelta(2 parameters, lr=1.0, rho=0.9, eps=1e-06, ")


@pytest.mark.parametrize("case", few(), ids=str)
def test_training_goes_on_from_a_saved_state_as_if_nothing_had_happened(case: Case) -> None:
    whole, first, x, y = made(case), made(case), np.array(START), np.array(START)
    for optimizer, vector in ((whole, x), (first, y)):
        for t in range(3):
            optimizer.update(vector, np.sin(START) + t)
    second = made((case[0], {"lr": 0.7, "weight_decay": 0.9}))
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    for optimizer, vector in ((whole, x), (second, y)):
        for t in range(3):
            optimizer.update(vector, np.cos(START) + t)
    assert x.tolist() == y.tolist()
    assert second.state_dict() == whole.state_dict()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    adam, g = Adam([Value(1.0), Value(2.0)], lr=0.3), np.array([1.0, 2.0])
    adam.update(np.zeros(2), g)
    before = adam.state_dict()
    other = Adam([Value(1.0)])
    other.update(np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match=r"this Adam has 2 parameters, the saved 'exp_avg' has the shape \(1,\)"):
        adam.load_state_dict(other.state_dict())
    with pytest.raises(ValueError, match="this is an optimizer Adam, the saved one is SGD"):
        adam.load_state_dict(SGD([Value(1.0)]).state_dict())
    with pytest.raises(ValueError, match="Adam needs eps >= 0, got eps = -1"):
        adam.load_state_dict({**before, "options": {**before["options"], "lr": 9.0, "eps": -1.0}})
    with pytest.raises(ValueError, match="this is no state_dict of an optimizer: it has no optimizer, initial_lr, opt"):
        adam.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(TypeError, match="Adam needs a number for step, got str 'ten'"):
        adam.load_state_dict({**before, "state": {"step": "ten"}})
    with pytest.raises(ValueError, match="Adam needs initial_lr >= 0"):
        adam.load_state_dict({**before, "initial_lr": -1})
    assert adam.state_dict() == before


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda saved: None, TypeError, "this is no state_dict of an optimizer, got NoneType"),
        (lambda saved: [*saved], TypeError, "this is no state_dict of an optimizer, got list"),
        (lambda saved: {**saved, "state": None}, TypeError, "this is no dictionary of the state of Adam, got NoneType"),
        (
            lambda saved: {**saved, "options": None},
            TypeError,
            "this is no dictionary of the options of Adam, got",
        ),
        (lambda saved: {**saved, "options": {"lr": 1.0}}, ValueError, "the options of Adam: it has no betas, eps"),
        (
            lambda saved: {**saved, "options": {**saved["options"], "rho": 1.0}},
            TypeError,
            "Adam has no option rho; it has lr, betas",
        ),
        (lambda saved: {**saved, "state": {"exp_avg": ["a"]}}, ValueError, "the saved 'exp_avg' is no array of num"),
    ],
)
def test_what_is_no_saved_state_is_refused_and_changes_nothing(
    change: Callable[[Any], Any], error: type[Exception], words: str
) -> None:
    adam = Adam([Value(1.0)], lr=0.3)
    adam.update(np.zeros(1), np.ones(1))
    before = adam.state_dict()
    with pytest.raises(error, match=words):
        adam.load_state_dict(change(before))
    assert adam.state_dict() == before


def test_an_option_that_is_written_later_is_used_and_shown() -> None:
    sgd, x = SGD([Value(1.0)], lr=1.0), np.zeros(1)
    sgd.momentum = 1  # type: ignore[assignment]
    for _ in range(2):
        sgd.update(x, np.ones(1))
    assert x.tolist() == [-3.0]
    assert "momentum=1.0" in repr(sgd)
    adam = Adam([Value(1.0)])
    adam.betas = [0.5, 0.25]  # type: ignore[assignment]
    assert adam.state_dict()["options"]["betas"] == [0.5, 0.25]


def test_options_that_do_not_go_together_are_refused_at_the_next_step() -> None:
    p = Value(1.0)
    sgd = SGD([p], momentum=0.9, nesterov=True)
    sgd.momentum = 0.0
    with pytest.raises(ValueError, match=r"nesterov=True needs momentum > 0 and dampening = 0, got momentum = 0\.0"):
        sgd.step()
    assert p.data == 1.0


class Scaled(Optimizer):
    """An optimizer of a user's own that keeps an argument under another name."""

    def __init__(self, parameters: Any, lr: float = 0.1, factor: float = 2.0) -> None:
        super().__init__(parameters, lr)
        self.scale = factor

    def rule(self, x: Any, g: Any, state: Any) -> Any:
        return x - self.lr * self.scale * g


def test_an_option_that_is_kept_under_another_name_is_not_shown_and_cannot_be_saved() -> None:
    own = Scaled([Value(1.0)])
    assert repr(own) == "Scaled(1 parameter, lr=0.1)"
    with pytest.raises(TypeError, match=r"Scaled cannot be saved: keep its option factor as self\.factor"):
        own.state_dict()


def test_an_optimizer_that_was_not_made_up_says_what_is_missing() -> None:
    class Hasty(SGD):
        def __init__(self, parameters: Any) -> None:
            self.half = self.lr / 2

    with pytest.raises(AttributeError, match=r"Hasty has no lr yet: call super\(\).__init__\(parameters, lr\) first"):
        Hasty([Value(1.0)])


def test_a_saved_state_does_not_move_with_the_optimizer() -> None:
    sgd, x = SGD([Value(1.0)], momentum=0.9), np.zeros(1)
    sgd.update(x, np.ones(1))
    saved = sgd.state_dict()
    sgd.update(x, np.ones(1))
    assert saved["state"] == {"momentum_buffer": [1.0]}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_found_by_their_names_in_lower_case(name: str) -> None:
    assert optimizer_named(name, [Value(1.0)]).__class__.__name__.lower() == name
    assert optimizer_named(name.upper(), [Value(1.0)], lr=0.25).lr == 0.25


# ------------------------------------------------------------------------------------------------------------- refusals

x0 = Value(1.0, "w")

REFUSED: tuple[tuple[Callable[[], Any], type[Exception], str], ...] = (
    (lambda: SGD([]), ValueError, "SGD was given no parameters"),
    (lambda: SGD(x0), TypeError, r"SGD needs a list of Values, got Value: give \[x\]"),  # type: ignore[arg-type]
    (lambda: SGD({"params": [x0]}), TypeError, "SGD needs a list of Values, got dict"),  # type: ignore[arg-type]
    (
        lambda: SGD(SimpleNamespace(parameters=list)),  # type: ignore[arg-type]
        TypeError,
        r"got SimpleNamespace: give model.parameters\(\)",
    ),
    (lambda: Adam([x0, 2.0]), TypeError, "Adam needs Values as parameters, but parameter 1 is float 2.0"),  # type: ignore[list-item]
    (
        lambda: Adam([{"params": [x0] * 99}]),  # type: ignore[list-item]
        TypeError,
        r"^Adam has no groups of parameters: give one list of Values \(number 0 is a dict\)$",
    ),
    (lambda: Adam(["w" * 99]), TypeError, "parameter 0 is str 'w{39}$"),  # type: ignore[list-item]
    (
        lambda: SGD([x0]).step(lambda: x0),  # type: ignore[arg-type]
        TypeError,
        r"SGD.step takes no closure: call loss.backward\(\), then step\(\)",
    ),
    (lambda: SGD([x0 * 2]), ValueError, "SGD moves leaves, but parameter 0 is computed by the gate mul"),
    (lambda: SGD([Value(0), x0, x0]), ValueError, r"the same Value \('w'\) twice, as parameters 1 and 2"),
    (lambda: SGD([x0], lr=-0.1), ValueError, r"SGD needs lr >= 0, got lr = -0\.1"),
    (lambda: SGD([x0], lr=math.nan), ValueError, "SGD needs lr >= 0, got lr = nan"),
    (lambda: SGD([x0], lr=math.inf), ValueError, "SGD needs lr >= 0, got lr = inf"),
    (lambda: SGD([x0], lr="fast"), TypeError, "SGD needs a number for lr, got str 'fast'"),  # type: ignore[arg-type]
    (lambda: SGD([x0], lr=True), TypeError, "SGD needs a number for lr, got bool True"),
    (lambda: SGD([x0], momentum=-1), ValueError, "SGD needs momentum >= 0"),
    (lambda: SGD([x0], dampening=math.nan), ValueError, "SGD needs a finite dampening, got dampening = nan"),
    (lambda: SGD([x0], nesterov=True), ValueError, "nesterov=True needs momentum > 0 and dampening = 0, got momentum"),
    (lambda: SGD([x0], momentum=0.9, dampening=0.1, nesterov=True), ValueError, r"dampening = 0, got .* = 0\.1"),
    (lambda: Adagrad([x0], initial_accumulator_value=-1), ValueError, "needs initial_accumulator_value >= 0"),
    (lambda: Adagrad([x0], lr_decay=-1), ValueError, "needs lr_decay >= 0"),
    (lambda: Adadelta([x0], rho=1.5), ValueError, r"Adadelta needs rho >= 0 and rho <= 1, got rho = 1\.5"),
    (lambda: RMSprop([x0], alpha=1.5), ValueError, "RMSprop needs alpha >= 0 and alpha <= 1"),
    (lambda: RMSprop([x0], weight_decay=-1), ValueError, "RMSprop needs weight_decay >= 0"),
    (lambda: Adam([x0], betas=(0.9, 1.0)), ValueError, r"Adam needs betas\[1\] >= 0 and betas\[1\] < 1"),
    (lambda: AdamW([x0], betas=(-0.1, 0.9)), ValueError, r"AdamW needs betas\[0\] >= 0"),
    (lambda: Adam([x0], betas=0.9), TypeError, r"needs two numbers for betas, such as \(0.9, 0.999\), got 0.9"),  # type: ignore[arg-type]
    (lambda: Adam([x0], eps=-1e-8), ValueError, "Adam needs eps >= 0"),
    (lambda: setattr(SGD([x0]), "lr", -1), ValueError, "SGD needs lr >= 0"),
    (lambda: SGD([x0]).update([1.0], np.ones(1)), TypeError, "needs a float64 vector x, got list"),  # type: ignore[arg-type]
    (lambda: SGD([x0]).update(np.ones(1), np.ones(1, int)), TypeError, "vector g, got an array of int64"),  # type: ignore[arg-type]
    (lambda: SGD([x0]).update(np.ones(1), np.ones(2)), ValueError, r"1 parameters, so g needs the shape \(1,\), got"),
    (lambda: SGD([x0]).update(np.ones((1, 1)), np.ones((1, 1))), ValueError, r"x needs .*, got \(1, 1\)"),
    (
        lambda: optimizer_named("adm", [x0]),
        ValueError,
        "no optimizer is called 'adm': did you mean 'adam'\\? there are sgd, adagrad, adadelta",
    ),
    (lambda: optimizer_named(None, [x0]), TypeError, "goes by its name here, such as 'sgd', .*; got None"),  # type: ignore[arg-type]
    (lambda: descend(abs, 1.0, SGD([x0])), TypeError, r"goes by its name here, .*; got SGD\(1 parameter"),  # type: ignore[arg-type]
    (lambda: setattr(SGD([x0]), "momentum", -5), ValueError, "SGD needs momentum >= 0, got momentum = -5"),
    (lambda: setattr(SGD([x0]), "dampening", math.inf), ValueError, "SGD needs a finite dampening"),
    (lambda: setattr(SGD([x0]), "weight_decay", "a"), TypeError, "SGD needs a number for weight_decay, got str 'a'"),
    (lambda: setattr(Adam([x0]), "betas", (0.9, 2.0)), ValueError, r"Adam needs betas\[1\] >= 0 and betas\[1\] < 1"),
    (lambda: setattr(AdamW([x0]), "eps", math.nan), ValueError, "AdamW needs eps >= 0, got eps = nan"),
    (lambda: setattr(Adagrad([x0]), "lr_decay", -1), ValueError, "Adagrad needs lr_decay >= 0"),
    (lambda: setattr(Adadelta([x0]), "rho", 1.5), ValueError, "Adadelta needs rho >= 0 and rho <= 1"),
    (lambda: setattr(RMSprop([x0]), "alpha", None), TypeError, "RMSprop needs a number for alpha, got NoneType"),
    (lambda: optimizer_named("sgd", [x0], rho=1), TypeError, "SGD has no option rho; it has lr, momentum, dampening"),
    (lambda: Optimizer([x0], 0.1).step(), NotImplementedError, r"Optimizer has no rule\(x, g, state\)"),
    (lambda: line_search(lambda x: x * x, 1.0, 1.0), ValueError, r"a direction of descent, but f has the slope 2\.0"),
    (lambda: line_search(lambda x: x * x, 1.0, -1.0, slope=math.nan), ValueError, "but f has the slope nan"),
    (lambda: line_search(lambda x: 1e308 * x, 10.0, -1.0), ValueError, "starts where f is finite, got f = inf at 10.0"),
    (lambda: line_search(log, -1.0, 1.0), DomainError, "log needs x > 0"),
    (lambda: line_search(lambda x, y: x + y, (1.0, 2.0), (-1.0,)), ValueError, "got 1 numbers for 2"),
    (lambda: line_search(lambda x: x @ x, np.ones(2), -np.ones(2)), TypeError, "slope=gradient @ direction"),
    (
        lambda: line_search(lambda x: x * x, 1.0, -1.0, shrink=1.0),
        ValueError,
        "line_search needs shrink >= 0 and .* < 1",
    ),
    (lambda: line_search(lambda x: x * x, 1.0, -1.0, trials=0), ValueError, "needs trials >= 1, got trials = 0"),
    (lambda: line_search(lambda x: x * x, 1.0, -1.0, decrease=1.0), ValueError, "line_search needs decrease >= 0 and"),
    (lambda: line_search(lambda x: x * x, 1.0, -1.0, length=-1.0), ValueError, "line_search needs length >= 0, got"),
    (lambda: descend(log, -1.0), ValueError, "descend cannot start there: log needs x > 0"),
    (lambda: descend(lambda x: x * 1e308, 10.0), ValueError, r"cannot start there: f = inf at \(10\)"),
    (lambda: descend(sqrt, 0.0), ValueError, "cannot start there: .*sqrt"),
    (lambda: descend(abs, 1.0, lr=0.1), TypeError, "without an optimizer has no option lr; it has length, shrink"),
    (lambda: descend(abs, 1.0, "sgd", steps=-1), ValueError, "descend needs steps >= 0, got steps = -1"),
    (lambda: descend(abs, 1.0, "sgd", steps=1.5), TypeError, "needs a whole number for steps, got float"),  # type: ignore[arg-type]
    (lambda: descend(abs, 1.0, tolerance=-1), ValueError, "descend needs tolerance >= 0"),
    (lambda: StopAtGradientNorm(math.nan), ValueError, "StopAtGradientNorm needs tolerance >= 0"),
)


@pytest.mark.parametrize(("act", "error", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_what_cannot_be_done_is_refused_with_the_rule_and_the_number(
    act: Callable[[], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        act()
    assert x0.data == 1.0


# ---------------------------------------------------------------------------------------------------------- line search


def bowl(x: Any, y: Any) -> Any:
    return x * x + 10 * y * y + x * y


def valley(x: Any, y: Any) -> Any:
    """Rosenbrock's."""
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


coordinates = st.floats(-5, 5)


@given(coordinates, coordinates, st.floats(0.1, 0.9), st.floats(0.01, 0.5))
def test_the_step_is_the_first_of_the_trials_that_fulfils_armijos_condition(
    x: float, y: float, shrink: float, decrease: float
) -> None:
    g = grad(valley)(x, y)
    slope = -(g[0] ** 2 + g[1] ** 2)
    if slope > -1e-6:
        return
    t = line_search(valley, (x, y), [-g[0], -g[1]], shrink=shrink, decrease=decrease)

    def enough(t: float) -> bool:
        return valley(x - t * g[0], y - t * g[1]) <= valley(x, y) + decrease * t * slope

    assert enough(t)
    assert t == 1.0 or not enough(t / shrink)


def test_the_slope_may_be_given_or_is_found_by_differentiation() -> None:
    g = grad(bowl)(3.0, -2.0)
    direction = (-g[0], -g[1])
    given_slope = line_search(bowl, (3.0, -2.0), direction, slope=-(g[0] ** 2 + g[1] ** 2), decrease=0.4)
    assert given_slope == line_search(bowl, (3.0, -2.0), direction, decrease=0.4)


def test_a_function_of_a_vector_is_searched_like_one_of_scalars() -> None:
    x, g = np.array([3.0, -2.0]), np.array(grad(bowl)(3.0, -2.0))
    by_vector = line_search(lambda x: float(bowl(*x)), x, -g, slope=float(-g @ g))
    assert by_vector == line_search(bowl, x.tolist(), (-g).tolist())
    assert x.tolist() == [3.0, -2.0]


def test_where_f_has_no_value_the_step_is_too_long() -> None:
    t = line_search(lambda x: x - log(x), 3.0, -8.0, shrink=0.5)
    assert t == 0.25  # from 3, 0.5 leads to -1, where log has no value, and 0.25 to the bottom at 1
    assert line_search(lambda x: 1 - 1e308 * x, 1.0, 100.0) < 0.01  # -inf is no value either


def test_a_point_that_nothing_is_below_gives_a_step_of_nothing() -> None:
    assert line_search(lambda x: x * x, 0.0, 1.0, slope=-1.0) == 0.0


def test_line_search_touches_no_gradient_and_records_no_graph() -> None:
    seen = []

    def watched(x: Any) -> Any:
        seen.append(x)
        return x * x

    line_search(watched, 3.0, -6.0, slope=-36.0)
    assert all(isinstance(x, Value) and x.grad == 0.0 for x in seen)


# -------------------------------------------------------------------------------------------------------------- descent

# golden example 5: the affine model y = a x + b of four points
XS, YS = (-1.0, 0.5, 2.0, 3.0), (1.0, -0.5, 4.0, 2.5)


def squares(a: Any, b: Any) -> Any:
    return sum((a * x + b - y) ** 2 for x, y in zip(XS, YS)) / len(XS)


@pytest.mark.parametrize("way", [{}, {"optimizer": "sgd", "lr": 0.2}, {"optimizer": "sgd", "lr": 0.1, "momentum": 0.5}])
def test_descent_reaches_the_closed_form_of_least_squares(way: dict[str, Any]) -> None:
    design = np.column_stack([XS, np.ones(len(XS))])
    theta = np.linalg.solve(design.T @ design, design.T @ np.array(YS))
    path = descend(squares, (0.0, 0.0), steps=2000, tolerance=1e-10, **way)
    assert path.converged
    assert path.gradient_norms[-1] <= 1e-10
    assert path.point == pytest.approx(theta.tolist(), abs=1e-9)


def test_a_path_has_a_value_and_a_gradient_at_every_point() -> None:
    path = descend(valley, (-1.2, 1.0), steps=300)
    assert len(path.points) == len(path.values) == len(path.gradient_norms) == 301
    assert path.reason == "all 300 steps are taken"
    assert not path.converged
    for point, value, norm in zip(path.points, path.values, path.gradient_norms):
        assert value == pytest.approx(valley(*point))
        assert norm == pytest.approx(np.linalg.norm(grad(valley)(*point)))


def test_steepest_descent_with_line_search_never_rises() -> None:
    values = descend(valley, (-1.2, 1.0), steps=300).values
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] < 0.5 < values[0]


def test_a_single_number_descends_too_and_gives_points_of_one() -> None:
    path = descend(lambda x: x * x, 3.0, "sgd", lr=0.25, steps=3)
    assert path.points == [(3.0,), (1.5,), (0.75,), (0.375,)]
    assert path.values == [9.0, 2.25, 0.5625, 0.140625]
    assert path.gradient_norms == [6.0, 3.0, 1.5, 0.75]


def test_a_path_that_starts_at_the_bottom_is_one_point() -> None:
    path = descend(bowl, (0.0, 0.0))
    assert (path.points, path.converged) == ([(0.0, 0.0)], True)
    assert repr(path) == "Descent(0 steps to f = 0 at (0, 0): the gradient's length 0 is at most 1e-08)"
    assert descend(bowl, (1.0, 0.0), steps=0).reason == "all 0 steps are taken"


def test_a_descent_that_diverges_ends_at_its_last_finite_point() -> None:
    path = descend(lambda x: x**4, 3.0, "sgd", lr=1.0, steps=1000)
    assert not path.converged
    assert all(map(math.isfinite, [*path.values, *path.gradient_norms, path.point[0]]))
    assert "f = inf at (" in path.reason or "the gradient is (" in path.reason


def test_a_step_out_of_the_domain_ends_the_path_and_says_which_gate() -> None:
    path = descend(log, 1.0, "sgd", lr=0.6, steps=1000)
    assert path.points == [(1.0,), (0.4,)]
    assert path.reason.startswith("log needs x > 0, got x = -1.1")


def test_a_path_ends_where_no_step_moves_it() -> None:
    assert descend(lambda x: x, 1.0, "sgd", lr=0.0).reason == "the next step does not move the point"
    path = descend(bowl, (1.0, 1.0), trials=1)  # and a whole step is too long there
    assert (path.points, path.reason) == ([(1.0, 1.0)], "the next step does not move the point")


def test_gradients_whose_squares_leave_the_floats_end_a_path_too() -> None:
    for scale in (1e-200, 1e200):
        path = descend(lambda x, c=scale: c * x, 1.0, tolerance=0.0)
        assert (path.points, path.reason) == ([(1.0,)], "the next step does not move the point")


def test_training_stops_once_the_gradient_is_short_enough() -> None:
    stop = StopAtGradientNorm(0.5)
    answers = [stop(0, None, SimpleNamespace(gradient_norm=[9.0, norm])) for norm in (0.6, 0.5, 0.4, math.nan)]
    assert answers == [True, False, False, True]


def test_the_package_exports_what_this_module_makes() -> None:
    import nn

    for name in set(optim.__all__) - {"OPTIMIZERS", "checked", "whole"}:
        assert getattr(nn, name) is getattr(optim, name)


def test_a_descent_that_meets_an_endless_slope_says_which_and_where() -> None:
    with pytest.raises(ValueError, match=r"the gradient is \(inf\) at \(1e-200\)"):
        descend(lambda x: (x * 1e200) * 1e200, 1e-200, "sgd", lr=0.1)
