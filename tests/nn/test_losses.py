"""Losses and penalties: torch's numbers and gradients, golden and live; gradient checks; what is refused."""

import functools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import DomainError, Value, check_gradients, compile
from autograd.functions import log, relu, sigmoid, softmax
from autograd.graph import order
from nn.losses import BIT, CARDS, CLASS, LOG_PROBABILITIES, LOSSES, SIGN, card_of, loss_name, unchecked
from viz.cli.training import BINARY, MULTICLASS

# A case: the loss, what it is told beside the prediction, and the same in torch, of a tensor of predictions.
Case = tuple[Callable[..., Any], tuple[Any, ...], Callable[[Any, Any], Any]]


def functional(name: str, *target: Any, index: bool = False, **options: Any) -> Callable[[Any, Any], Any]:
    """Return a function of (torch, predictions) that calls torch.nn.functional."""

    def call(torch: Any, predictions: Any) -> Any:
        given = torch.tensor(*target) if index else torch.tensor(*target, dtype=torch.float64)
        rows = (predictions[None], given[None]) if index else (predictions, given)
        return getattr(torch.nn.functional, name)(*rows, **options)

    return call


THREE, TWO = (0.3, -1.7, 2.4), (1.25, -0.5)
CASES: dict[str, tuple[Case, tuple[float, ...]]] = {
    "mse": ((nn.mse, ([1.0, 0.5, 2.0],), functional("mse_loss", [1.0, 0.5, 2.0])), THREE),
    "mse of one": ((nn.mse, ([0.25],), functional("mse_loss", [0.25])), (1.5,)),
    "squared_error": (
        (nn.squared_error, ([1.0, 0.5, 2.0],), functional("mse_loss", [1.0, 0.5, 2.0], reduction="sum")),
        THREE,
    ),
    "quadratic": (
        (
            nn.quadratic,
            ([1.0, 0.5, 2.0],),
            lambda torch, p: functional("mse_loss", [1.0, 0.5, 2.0], reduction="sum")(torch, p) / 2,
        ),
        THREE,
    ),
    "huber": ((nn.huber, ([1.0, 0.5, 2.0],), functional("huber_loss", [1.0, 0.5, 2.0])), THREE),
    "huber at its bend": ((nn.huber, ([0.25, 0.5],), functional("huber_loss", [0.25, 0.5])), TWO),
    "huber, wide": ((nn.huber, ([1.0, 0.5, 2.0], 2.0), functional("huber_loss", [1.0, 0.5, 2.0], delta=2.0)), THREE),
    "cross_entropy": ((nn.cross_entropy, (1,), functional("cross_entropy", 1, index=True)), THREE),
    "cross_entropy, far": ((nn.cross_entropy, (0,), functional("cross_entropy", 0, index=True)), (-1000.0, 1000.0)),
    "nll": ((nn.nll, (2,), functional("nll_loss", 2, index=True)), THREE),
    "multiclass_hinge": ((nn.multiclass_hinge, (0,), functional("multi_margin_loss", 0, index=True)), THREE),
    "multiclass_hinge, wide": (
        (nn.multiclass_hinge, (2, 5.5), functional("multi_margin_loss", 2, index=True, margin=5.5)),
        THREE,
    ),
    "binary_cross_entropy, 1": (
        (nn.binary_cross_entropy, (1.0,), functional("binary_cross_entropy_with_logits", [1.0])),
        (-1.3,),
    ),
    "binary_cross_entropy, soft": (
        (nn.binary_cross_entropy, (0.25,), functional("binary_cross_entropy_with_logits", [0.25])),
        (0.8,),
    ),
    "binary_cross_entropy, far": (
        (nn.binary_cross_entropy, (0.0,), functional("binary_cross_entropy_with_logits", [0.0])),
        (1000.0,),
    ),
    # torch has no hinge of its own for ±1; its margin ranking between a score and 0 is the same
    "hinge": (
        (nn.hinge, (-1,), lambda torch, p: torch.nn.functional.margin_ranking_loss(p, 0 * p, p.new_tensor([-1]), 1.0)),
        (0.4,),
    ),
}
OF_ONE_NUMBER = (nn.binary_cross_entropy, nn.hinge)


def ours(case: Case, numbers: Sequence[float]) -> tuple[float, list[float]]:
    """Return our loss, and its gradient with respect to the predictions."""
    loss, beside, _ = case
    predictions = [Value(x) for x in numbers]
    f = loss(predictions[0] if loss in OF_ONE_NUMBER else predictions, *beside)
    f.backward()
    return f.data, [p.grad for p in predictions]


# value, then gradient: what theirs() below returned with torch 2.13.0, float64 on a CPU
GOLDEN: dict[str, tuple[float, list[float]]] = {
    "mse": (1.8300000000000003, [-0.4666666666666666, -1.4666666666666668, 0.2666666666666666]),
    "mse of one": (1.5625, [2.5]),
    "squared_error": (5.490000000000001, [-1.4, -4.4, 0.7999999999999998]),
    "quadratic": (2.7450000000000006, [-0.7, -2.2, 0.3999999999999999]),
    "huber": (0.6749999999999999, [-0.2333333333333333, -0.3333333333333333, 0.1333333333333333]),
    "huber at its bend": (0.5, [0.5, -0.5]),
    "huber, wide": (0.9083333333333335, [-0.2333333333333333, -0.6666666666666666, 0.1333333333333333]),
    "cross_entropy": (4.230176236074283, [0.10750948141716694, -0.9854501738817864, 0.8779406924646195]),
    "cross_entropy, far": (2000.0, [-1.0, 1.0]),
    "nll": (-2.4, [0.0, 0.0, -1.0]),
    "multiclass_hinge": (1.0333333333333332, [-0.3333333333333333, 0.0, 0.3333333333333333]),
    "multiclass_hinge, wide": (1.5999999999999999, [0.3333333333333333, 0.3333333333333333, -0.6666666666666666]),
    "binary_cross_entropy, 1": (1.5410084538329922, [-0.7858349830425586]),
    "binary_cross_entropy, soft": (0.9711006659477778, [0.4399744811276125]),
    "binary_cross_entropy, far": (1000.0, [1.0]),
    "hinge": (1.4, [1.0]),
}


def theirs(torch: Any, case: Case, numbers: Sequence[float]) -> tuple[float, list[float]]:
    """Return torch's loss, and its gradient with respect to the predictions."""
    predictions = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    f = case[2](torch, predictions)
    f.backward()
    return f.item(), predictions.grad.tolist()


def close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_every_loss_has_a_case_and_every_case_a_golden_number() -> None:
    assert {case[0] for case, _ in CASES.values()} == set(LOSSES.values())
    assert list(CASES) == list(GOLDEN)
    assert all(getattr(nn, name) is loss for name, loss in LOSSES.items())


@pytest.mark.parametrize("name", CASES)
def test_a_loss_and_its_gradient_are_torchs_golden_numbers(name: str) -> None:
    value, gradient = ours(*CASES[name])
    assert value == close(GOLDEN[name][0])
    assert gradient == close(GOLDEN[name][1])


@pytest.mark.parametrize("name", CASES)
def test_the_golden_numbers_are_torchs(name: str) -> None:
    value, gradient = theirs(pytest.importorskip("torch"), *CASES[name])
    assert value == close(GOLDEN[name][0])
    assert gradient == close(GOLDEN[name][1])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CASES)
def test_a_loss_agrees_with_torch_wherever_it_is_taken(name: str, seed: int) -> None:
    torch = pytest.importorskip("torch")
    case, numbers = CASES[name]
    elsewhere = np.random.default_rng(seed).normal(0.0, 3.0, len(numbers)).tolist()
    (value, gradient), (their_value, their_gradient) = ours(case, elsewhere), theirs(torch, case, elsewhere)
    assert value == close(their_value)
    assert gradient == close(their_gradient)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_of_every_loss_passes_the_gradient_check(name: str) -> None:
    (loss, beside, _), numbers = CASES[name]

    def f(*predictions: Value) -> Value:
        return loss(predictions[0] if loss in OF_ONE_NUMBER else list(predictions), *beside)

    assert check_gradients(f, numbers, raises=True)


@pytest.mark.parametrize("name", CASES)
def test_a_loss_of_floats_is_a_float_and_of_columns_a_column_with_an_entry_per_row(name: str) -> None:
    (loss, beside, _), numbers = CASES[name]
    rows = np.random.default_rng(1).normal(0.0, 2.0, (4, len(numbers)))
    alone = loss in OF_ONE_NUMBER
    values = [loss(row[0] if alone else row.tolist(), *beside) for row in rows]
    assert all(isinstance(value, float) for value in values)
    recorded = [loss(Value(row[0]) if alone else [Value(x) for x in row], *beside).data for row in rows]
    assert values == recorded
    column = loss(rows[:, 0] if alone else list(rows.T), *beside)
    assert isinstance(column, np.ndarray)
    np.testing.assert_allclose(column, values, rtol=1e-14)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll, nn.multiclass_hinge])
def test_columns_have_a_class_per_row(loss: Callable[..., Any]) -> None:
    rows, classes = np.random.default_rng(2).normal(size=(5, 3)), np.array([2, 0, 1, 1, 2])
    column = loss(list(rows.T), classes)
    np.testing.assert_allclose(column, [loss(row.tolist(), int(k)) for row, k in zip(rows, classes)], rtol=1e-14)
    np.testing.assert_array_equal(column, loss(list(rows.T), classes.astype(float)))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.bool_])
@pytest.mark.parametrize("name", CASES)
def test_columns_of_few_bits_do_not_wrap(name: str, kind: type) -> None:
    (loss, _, _), numbers = CASES[name]
    low, high = (0, 2) if kind is np.bool_ else (np.iinfo(np.int8).min * (kind is not np.uint8), 128)
    drawn = np.random.default_rng(4).integers(low, high, (len(numbers), 50)).astype(kind)
    drawn[:, 0] = low
    target = {nn.hinge: -1, nn.binary_cross_entropy: 1}.get(loss, np.resize(np.arange(len(numbers)), 50))
    if loss in (nn.mse, nn.squared_error, nn.quadratic, nn.huber):
        target = list(drawn[:, ::-1])
    prediction, exact = list(drawn), list(drawn.astype(float))
    if loss in OF_ONE_NUMBER:
        prediction, exact, target = prediction[0], exact[0], np.full(50, target, dtype=np.int8)
    as_floats = [t.astype(float) for t in target] if isinstance(target, list) else target.astype(float)
    np.testing.assert_allclose(loss(prediction, target), loss(exact, as_floats), rtol=1e-14)


@pytest.mark.parametrize("loss", [nn.mse, nn.squared_error, nn.quadratic, nn.huber])
def test_a_number_is_compared_as_a_list_of_one_is_and_targets_may_be_arrays(loss: Callable[..., Any]) -> None:
    assert loss(2.5, 1.0) == loss([2.5], [1.0])
    assert loss([2.5, 0.5], np.array([1.0, 3.0])) == loss([2.5, 0.5], [1.0, 3.0])
    assert loss(Value(2.5), Value(1.0)).data == loss(2.5, 1.0)


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_loss_holds_for_other_inputs(name: str) -> None:
    # the same graph, recomputed from its leaves, is the loss there: nothing was decided while it was recorded
    (loss, beside, _), numbers = CASES[name]
    predictions = [Value(x) for x in numbers]
    f = loss(predictions[0] if loss in OF_ONE_NUMBER else predictions, *beside)
    elsewhere = np.random.default_rng(3).normal(0.0, 3.0, len(numbers)).tolist()
    for p, x in zip(predictions, elsewhere):
        p.data = x
    assert f.forward() == close(ours(CASES[name][0], elsewhere)[0])


TARGETS = {
    **dict.fromkeys((nn.mse, nn.squared_error, nn.quadratic, nn.huber), lambda rng: rng.normal(size=(6, 3))),
    **dict.fromkeys((nn.cross_entropy, nn.nll, nn.multiclass_hinge), lambda rng: rng.integers(0, 3, 6)),
    nn.binary_cross_entropy: lambda rng: rng.integers(0, 2, 6),
    nn.hinge: lambda rng: 2 * rng.integers(0, 2, 6) - 1,
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_compiled_loss_is_the_mean_over_all_rows(loss: Callable[..., Any]) -> None:
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(6, 3)), TARGETS[loss](rng)
    model = nn.MLP(3, [4, 1 if loss in OF_ONE_NUMBER else 3], "tanh", rng=rng)

    def penalty() -> Value:
        return 0.01 * nn.l2(model) + 0.001 * nn.l1(model)

    program = compile(lambda row, t: loss(model(row), t), parameters=model.parameters(), regularizer=penalty)
    rows = [loss(model(row), t if np.ndim(t) else t.item()) for row, t in zip(X, y)]
    eager = sum(rows) * (1 / len(rows)) + penalty()
    eager.backward()
    assert program(X, y) == pytest.approx(eager.data, rel=1e-12)
    np.testing.assert_allclose(program.gradient, [p.grad for p in model.parameters()], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("loss", "good", "bad", "message"),
    [
        (nn.hinge, [-1, 1, -1, 1], [-1, 1, 0, 1], r"hinge needs a target of 1 or -1 \(.*2\*y - 1\), got x = 0\.0"),
        (nn.hinge, [1, 1, -1, 1], [1, 1, -5.0, 5.0], r"hinge needs a target of 1 or -1 .*, got x = -5\.0"),
        (nn.hinge, [1, 1, 1, 1], [1, 1, math.inf, 1], r"hinge needs a target of 1 or -1 .*, got x = inf"),
        (nn.binary_cross_entropy, [0, 1, 0.5, 1], [1, 1, -1, 1], r"y needs a target from 0 to 1 .*, got x = -1\.0"),
        (nn.binary_cross_entropy, [0, 1, 0, 1], [0, 1, 1.01, 5], r"y needs a target from 0 to 1 .*, got x = 1\.01"),
    ],
)
@pytest.mark.parametrize("is_known", [False, True], ids=["first call", "later call"])
def test_a_compiled_loss_refuses_targets_in_every_run_as_it_does_elsewhere(
    loss: Callable[..., Any], good: list[float], bad: list[float], message: str, is_known: bool
) -> None:
    X = np.random.default_rng(7).normal(size=(4, 2))
    model = nn.MLP(2, [3, 1], rng=0)
    program = compile(lambda row, t: loss(model(row), t), parameters=model.parameters())
    if is_known:
        assert program.check(X, np.array(good))
    before = program.parameters.tolist()
    sgd = nn.SGD(model.parameters())
    for run in (program, program.forward, program.check, functools.partial(program.step, sgd)):
        with pytest.raises(DomainError, match=message + r" \(x is 'y'\) in row 2$"):
            run(X, np.array(bad))
    assert program.parameters.tolist() == before
    assert program.check(X, np.array(good))


@pytest.mark.parametrize(("loss", "y"), [(nn.hinge, [-1, 1]), (nn.binary_cross_entropy, [0, 1])])
def test_a_target_that_is_computed_in_a_program_is_looked_at_too(loss: Callable[..., Any], y: list[int]) -> None:
    w = Value(0.5)
    program = compile(lambda x, t: loss(w * x, 2 * t - 1), parameters=[w])
    X, halves = np.array([1.0, -2.0]), (np.array(y) + 1) / 2
    assert program.check(X, halves)
    with pytest.raises(DomainError, match=r"needs a target .* in row 1"):
        program(X, np.array([halves[0], 7.0]))


def test_the_source_of_a_compiled_loss_runs_alone_and_refuses_targets_too() -> None:
    w = Value(0.5, "w")
    program = compile(lambda x, t: nn.hinge(w * x, t), parameters=[w])
    X, y = np.array([1.0, -2.0, 0.25]), np.array([1, -1, -1])
    loss = program(X, y)
    alone: dict[str, Any] = {}
    exec(program.source, alone)
    found, gradient = alone["loss_and_gradient"]([0.5], X, y)
    assert (found, gradient.tolist()) == (loss, program.gradient.tolist())
    with pytest.raises(ValueError, match=r"hinge needs a target of 1 or -1 .*; not so at \[0, 1\]"):
        alone["loss_and_gradient"]([0.5], X, np.array([1, 0, -1]))


def test_a_guard_costs_no_line_on_the_way_back_where_targets_are_data() -> None:
    w = Value(0.5, "w")
    by_hand = compile(lambda x, t: relu(1.0 - t * (w * x)), parameters=[w])
    guarded = compile(lambda x, t: nn.hinge(w * x, t), parameters=[w])
    X, y = np.array([1.0, -2.0, 0.25]), np.array([1, -1, -1])
    assert by_hand(X, y) == guarded(X, y)
    back = [re.findall(r" back: (\w+)", program.source.partition("def backward")[2]) for program in (by_hand, guarded)]
    assert back[0] == back[1] != []


def test_a_target_that_is_nan_makes_a_compiled_loss_nan() -> None:
    w = Value(0.5)
    for loss in (nn.hinge, nn.binary_cross_entropy):
        program = compile(lambda x, t, loss=loss: loss(w * x, t), parameters=[w])
        assert math.isnan(program(np.ones(2), np.array([1.0, math.nan])))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_for_targets_that_were_checked_is_the_same_loss(loss: Callable[..., Any]) -> None:
    rng = np.random.default_rng(8)
    for t in TARGETS[loss](rng):
        prediction = rng.normal(size=3).tolist() if loss not in OF_ONE_NUMBER else rng.normal()
        target = t.tolist()
        assert unchecked(loss)(prediction, target) == loss(prediction, target)


@pytest.mark.parametrize("loss", [nn.cross_entropy, nn.nll, nn.multiclass_hinge])
def test_a_class_may_be_a_value_an_integer_of_numpy_or_a_whole_float(loss: Callable[..., Any]) -> None:
    zs = [0.5, -1.0, 2.0]
    assert {loss(zs, k) for k in (1, 1.0, Value(1.0), np.int64(1), np.float32(1), np.uint8(1), True)} == {loss(zs, 1)}


def test_the_command_line_offers_the_losses_that_suit_outputs_as_they_are() -> None:
    suited = [card for card in CARDS.values() if card.outputs != LOG_PROBABILITIES]
    assert [card.name for card in suited if card.targets in (BIT, SIGN)] == list(BINARY)
    assert [card.name for card in suited if card.targets == CLASS] == list(MULTICLASS)


def test_a_card_is_found_by_its_function_also_where_a_margin_is_bound_to_it() -> None:
    assert all(card_of(card.function) is card for card in CARDS.values())
    assert card_of(functools.partial(nn.huber, delta=2.0)) is CARDS["huber"]
    assert card_of(lambda p, t: p) is None
    assert loss_name(functools.partial(nn.huber, delta=2.0)) == "huber"
    assert loss_name(type("Odd", (), {"__call__": lambda self, p, t: p})()) == "Odd"


# --------------------------------------------------------------------------------------------------- known identities


@pytest.mark.parametrize("t", [0.0, 1.0, 0.3])
def test_cross_entropy_and_quadratic_loss_have_the_slopes_of_the_books(t: float) -> None:
    y = Value(0.8)
    (-(t * log(y) + (1 - t) * log(1 - y))).backward()
    slope = -(t / 0.8) + (1 - t) / (1 - 0.8)
    assert y.grad == close(slope)
    z = Value(math.log(0.8 / 0.2))  # the logit of 0.8
    nn.binary_cross_entropy(z, t).backward()
    assert z.grad == close(slope * 0.8 * (1 - 0.8))
    y.grad = 0.0
    nn.quadratic(y, t).backward()
    assert y.grad == close(0.8 - t)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=6), st.data())
def test_the_gradient_of_cross_entropy_is_softmax_less_the_right_class(xs: list[float], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(xs) - 1))
    zs = [Value(x) for x in xs]
    nn.cross_entropy(zs, k).backward()
    assert [z.grad for z in zs] == close([p - (i == k) for i, p in enumerate(softmax(xs))])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=6), st.floats(-1000, 1000))
def test_cross_entropy_does_not_see_a_shift_of_all_logits(xs: list[float], shift: float) -> None:
    assert nn.cross_entropy([x + shift for x in xs], 0) == pytest.approx(nn.cross_entropy(xs, 0), abs=1e-9)


@given(st.floats(-1000, 1000), st.sampled_from([0, 1]))
def test_two_classes_are_told_apart_alike_by_both_cross_entropies(z: float, t: int) -> None:
    assert nn.binary_cross_entropy(z, t) == close(nn.cross_entropy([0.0, z], t))
    assert math.isfinite(nn.binary_cross_entropy(z, t))


@given(st.floats(-30, 30))
def test_binary_cross_entropy_is_the_log_of_the_probability_of_what_happened(z: float) -> None:
    assert nn.binary_cross_entropy(z, 1) == pytest.approx(-math.log(sigmoid(z)), abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_nan_in_a_prediction_is_nan_in_the_loss(name: str) -> None:
    loss, beside, _ = CASES[name][0]
    numbers = [math.nan] * len(CASES[name][1])
    assert math.isnan(loss(numbers[0] if loss in OF_ONE_NUMBER else numbers, *beside))


# ---------------------------------------------------------------------------------------------------------- penalties


def test_penalties_are_sums_over_weights_and_leave_biases_out() -> None:
    model = nn.Sequential(nn.Layer(2, 3, rng=1), nn.Maxout(3, 2, rng=2))
    for p in model.parameters():
        p.data += 0.125  # biases that are not 0
    arrays = [array for key, array in model.state_dict().items() if key.endswith("weight")]
    assert nn.l1(model).data == close(sum(abs(array).sum() for array in arrays))
    assert nn.l2(model).data == close(sum((array**2).sum() for array in arrays))
    assert nn.l2(model.layers[0].neurons[0]).data == close((arrays[0][0] ** 2).sum())


def test_a_penalty_takes_a_list_whole() -> None:
    assert nn.l1([Value(-2.0), Value(3.0)]).data == 5.0
    assert nn.l2([Value(-2.0), Value(3.0)]).data == 13.0
    assert (nn.l1([-2.0, 3.0]), nn.l2([-2.0, 3.0])) == (5.0, 13.0)
    assert nn.l1([]) == nn.l2([]) == nn.l2(nn.Dropout(0.5)) == 0.0
    model = nn.MLP(2, [3, 1])
    assert nn.l2(model.parameters()).data == close(sum(p.data**2 for p in model.parameters()))


def test_the_gradients_of_penalties_are_signs_and_doubled_weights() -> None:
    ws = [Value(-2.0), Value(3.0), Value(0.0)]
    nn.l1(ws).backward()
    assert [w.grad for w in ws] == [-1.0, 1.0, 0.0]
    for w in ws:
        w.grad = 0.0
    nn.l2(ws).backward()
    assert [w.grad for w in ws] == [-4.0, 6.0, 0.0]
    assert check_gradients(nn.l2([Value(-2.0), Value(3.0)]), raises=True)
    assert check_gradients(nn.l1([Value(-2.0), Value(3.0)]), raises=True)


def test_a_penalty_is_recorded_with_few_gates() -> None:
    model = nn.MLP(2, [16, 16, 1])
    assert len([node for node in order(nn.l2(model)) if node.gate]) == 1
    assert len([node for node in order(nn.l1(model)) if node.gate]) == len(model.weights()) + 1


# ------------------------------------------------------------------------------------------------------ what is refused

REFUSED = [
    (lambda: nn.mse([1.0, 2.0], [1.0]), ValueError, "mse: the prediction is a list of 2, the target is a list of 1"),
    (lambda: nn.mse([1.0, 2.0], 1.0), ValueError, "mse: the prediction is a list of 2, the target is one number"),
    (lambda: nn.huber(1.0, [1.0]), ValueError, "huber: the prediction is one number, the target is a list of 1"),
    (lambda: nn.mse([Value(1.0)], Value(1.0)), ValueError, "mse: the prediction is a list of 1, .* one number"),
    (lambda: nn.mse(Value(1.0), np.ones(3)), ValueError, r"one number, the target is an array of shape \(3,\)"),
    (lambda: nn.mse(list(np.ones((2, 2))), np.ones((2, 2))), ValueError, r"target is an array of shape \(2, 2\)"),
    (lambda: nn.quadratic(np.ones(3), np.ones(4)), ValueError, "quadratic: the prediction is an array"),
    (lambda: nn.mse([], []), ValueError, "mse needs at least one output, got none"),
    (lambda: nn.huber(1.0, 0.0, delta=0.0), ValueError, "huber needs delta > 0, got delta = 0.0"),
    (lambda: nn.huber(1.0, 0.0, delta=math.nan), ValueError, "delta > 0, got delta = nan"),
    (lambda: nn.binary_cross_entropy(0.5, -1), ValueError, "target from 0 to 1 .*hinge.*got -1"),
    (lambda: nn.binary_cross_entropy(0.5, math.nan), ValueError, "target from 0 to 1 .*got nan"),
    (lambda: nn.binary_cross_entropy(np.ones(3), np.array([0, 1, 2])), ValueError, r"got 2 \(row 2\)"),
    (lambda: nn.binary_cross_entropy([0.5, 1.0], 1), ValueError, "takes one number, got a list of 2"),
    (
        lambda: nn.hinge(0.5, 0),
        ValueError,
        r"hinge needs a target of 1 or -1 \(from classes 0 and 1: 2\*y - 1\), got 0",
    ),
    (lambda: nn.hinge([0.5], 1), ValueError, "hinge takes one number, got a list of 1"),
    (lambda: nn.cross_entropy([0.5, 1.0, 2.0], 3), IndexError, "cross_entropy: the 3 classes are 0 … 2, got 3"),
    (lambda: nn.cross_entropy([0.5, 1.0, 2.0], -1), IndexError, "classes are 0 … 2, got -1"),
    (lambda: nn.cross_entropy([0.5, 1.0], 0.5), TypeError, "cross_entropy needs a whole number as class, got 0.5"),
    (lambda: nn.cross_entropy([0.5, 1.0], math.nan), TypeError, "whole number as class, got nan"),
    (lambda: nn.cross_entropy([0.5, 1.0], "1"), TypeError, "whole number as class, got '1'"),
    (
        lambda: nn.cross_entropy([np.zeros(2)] * 2, np.ma.masked_equal([0, -9], -9)),
        ValueError,
        "the class for cross_entropy is a masked array with 1 of its 2 numbers masked",
    ),
    (
        lambda: nn.nll([np.zeros(2), np.ma.masked_equal([0.0, -9.0], -9)], np.array([0, 1])),
        ValueError,
        "column 1 for nll is a masked array",
    ),
    (lambda: nn.cross_entropy(Value(0.5), 0), ValueError, "list of one score per class, got one number"),
    (lambda: nn.nll([], 0), ValueError, "nll needs at least one score, got none"),
    (lambda: nn.cross_entropy([], 0), ValueError, "cross_entropy needs at least one score, got none"),
    (lambda: nn.multiclass_hinge([], 0), ValueError, "multiclass_hinge needs at least one score, got none"),
    (lambda: nn.cross_entropy({0.5, 1.0}, 0), TypeError, "cross_entropy takes a list of numbers, got set"),
    (
        lambda: nn.cross_entropy([1.0, 2.0], [0, 1]),
        ValueError,
        r"cross_entropy takes a class per row: scores are numbers, of one row, classes of shape \(2,\)",
    ),
    (lambda: nn.nll(list(np.ones((2, 3))), np.array([0, 1])), ValueError, r"of shape \(3,\), classes of shape \(2,\)"),
    (lambda: nn.nll([0.5, 1.0], 2), IndexError, "nll: the 2 classes are 0 … 1, got 2"),
    (lambda: nn.nll(list(np.ones((2, 3))), np.array([0, 2, 1])), IndexError, r"got 2 \(row 1\)"),
    (lambda: nn.multiclass_hinge([0.5, 1.0], 2), IndexError, "multiclass_hinge: the 2 classes are 0 … 1, got 2"),
    (lambda: nn.multiclass_hinge([0.5, 1.0], 1, margin=-1.0), ValueError, "margin >= 0, got margin = -1.0"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED])
def test_a_refusal_names_the_rule_and_what_was_given(call: Callable[[], Any], kind: type, words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
