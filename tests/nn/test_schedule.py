"""Schedules, asked of torch (stored and live) and of what they promise."""

import inspect
import json
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn import schedule
from nn.optim import SGD, Adam
from nn.schedule import CosineAnnealingLR, ExponentialLR, LinearLR, Schedule, SequentialLR, StepLR
from tests.nn.make_golden_optim import EPOCHS, FILE, SCHEDULES, SEQUENCES, Case, torch_rates

Row = tuple[list[Case], list[int] | None, list[float]]  # schedules, when each next one takes over, learning rates

GOLDEN: list[Row] = json.loads(FILE.read_text(encoding="utf-8"))["schedules"]


def sgd(lr: float = 0.4) -> SGD:
    return SGD([Value(0.0)], lr=lr)


def made(parts: Any, milestones: list[int] | None, optimizer: Any, kinds: Any = schedule) -> Any:
    """Return the schedule of an optimizer: one, or several one after another."""
    schedules = [getattr(kinds, name)(optimizer, **options) for name, options in parts]
    return schedules[0] if milestones is None else kinds.SequentialLR(optimizer, schedules, milestones)


def rates(parts: Any, milestones: list[int] | None, kinds: Any = schedule) -> list[float]:
    """Return the learning rates that an optimizer has, epoch by epoch."""
    optimizer = sgd()
    steps, seen = made(parts, milestones, optimizer, kinds), []
    for _ in range(EPOCHS):
        seen.append(optimizer.lr)
        steps.step()
    return seen


def far(ours: list[float], theirs: list[float]) -> float:
    return float(np.abs(np.subtract(ours, theirs)).max())


# -------------------------------------------------------------------------------------------------------------- torch


@pytest.mark.parametrize(("parts", "milestones", "kept"), GOLDEN, ids=[f"{row[0]} {row[1]}" for row in GOLDEN])
def test_learning_rates_are_those_seen_in_torch(
    parts: list[Case], milestones: list[int] | None, kept: list[float]
) -> None:
    assert len(kept) == EPOCHS
    assert far(rates(parts, milestones), kept) <= 1e-14


def test_the_stored_learning_rates_are_those_of_the_cases() -> None:
    named = [[[case], None] for case in SCHEDULES] + [list(sequence) for sequence in SEQUENCES]
    assert [row[:2] for row in GOLDEN] == json.loads(json.dumps(named))


@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize(
    ("parts", "milestones"), [*[((case,), None) for case in SCHEDULES], *SEQUENCES], ids=lambda given: str(given)
)
def test_torch_sets_the_same_learning_rates(parts: tuple[Case, ...], milestones: list[int] | None) -> None:
    pytest.importorskip("torch")
    assert far(rates(parts, milestones), torch_rates(parts, milestones)) <= 1e-14


@pytest.mark.parametrize("name", sorted({name for name, _ in SCHEDULES} | {"SequentialLR"}))
def test_arguments_have_the_names_order_and_defaults_of_torch(name: str) -> None:
    torch = pytest.importorskip("torch")
    theirs = dict(inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters)
    theirs.pop("last_epoch")  # going on is load_state_dict's business
    ours = inspect.signature(getattr(schedule, name)).parameters
    assert [(x.name, x.default) for x in ours.values()] == [(x.name, x.default) for x in theirs.values()]


MISTAKES = (
    ("epoch // self.step_size", "epoch / self.step_size"),
    ("epoch // self.step_size", "(epoch - 1) // self.step_size"),
    ("power(self.gamma, epoch)", "power(self.gamma, epoch + 1)"),
    ("(1 + math.cos", "(1 - math.cos"),
    ("self.eta_min + (self.base_lr - self.eta_min)", "self.eta_min + self.base_lr"),
    ("math.pi * epoch", "2 * math.pi * epoch"),
    ("min(epoch / self.total_iters, 1.0)", "epoch / self.total_iters"),
    ("(self.end_factor - self.start_factor)", "self.end_factor"),
    ("bisect_right(self.milestones, epoch)", "bisect_right(self.milestones, epoch - 1)"),
    ("epoch - [0, *self.milestones][turn]", "epoch"),
    ("if optimizer.initial_lr is None:", "if True:"),
)


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_mistake_in_a_schedule_would_be_noticed(right: str, wrong: str) -> None:
    source = inspect.getsource(schedule)
    assert right in source
    mistaken = ModuleType(schedule.__name__)
    exec(compile(source.replace(right, wrong), "a schedule with a mistake", "exec"), mistaken.__dict__)

    def distance(row: Row) -> float:
        try:
            return far(rates(row[0], row[1], mistaken), row[2])
        except (ValueError, IndexError):
            return math.inf

    assert max(map(distance, GOLDEN)) > 1e-4


# --------------------------------------------------------------------------------------------------- what they promise


@given(st.integers(1, 50), st.floats(1e-6, 10), st.floats(0, 1e-6))
def test_a_cosine_falls_from_the_first_rate_to_the_last(epochs: int, lr: float, eta_min: float) -> None:
    cosine = CosineAnnealingLR(sgd(lr), epochs, eta_min)
    seen = [cosine.rate(epoch) for epoch in range(epochs + 1)]
    assert (seen[0], seen[-1]) == pytest.approx((lr, eta_min), abs=1e-15)
    assert seen == sorted(seen, reverse=True)


@given(st.integers(1, 50), st.floats(1e-6, 10), st.floats(0.01, 1))
def test_a_warm_up_rises_by_equal_steps_to_the_rate_of_the_optimizer_and_stays(
    epochs: int, lr: float, start: float
) -> None:
    seen = [LinearLR(sgd(lr), start, total_iters=epochs).rate(epoch) for epoch in range(epochs + 3)]
    assert seen[0] == pytest.approx(start * lr)
    assert seen[epochs:] == pytest.approx([lr] * 3)
    assert np.diff(seen[: epochs + 1]) == pytest.approx(np.full(epochs, (1 - start) * lr / epochs), abs=1e-12)


def test_a_schedule_sets_the_learning_rate_at_once_and_counts_epochs() -> None:
    optimizer = sgd(1.0)
    warm_up = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    assert (optimizer.lr, warm_up.last_epoch, warm_up.base_lr) == (0.5, 0, 1.0)
    warm_up.step()
    assert (optimizer.lr, warm_up.last_epoch, warm_up.base_lr) == (0.75, 1, 1.0)


def test_a_rate_may_be_asked_without_setting_it() -> None:
    optimizer = sgd(1.0)
    assert ExponentialLR(optimizer, 0.5).rate(3) == 0.125
    assert optimizer.lr == 1.0


def test_training_calls_a_schedule_like_any_callback() -> None:
    optimizer = sgd(1.0)
    halves = ExponentialLR(optimizer, 0.5)
    assert halves(0, None, None) is None  # False would stop
    assert (optimizer.lr, halves.last_epoch) == (0.5, 1)


def test_the_step_of_the_optimizer_is_as_long_as_the_schedule_says() -> None:
    x = Value(0.0)
    optimizer = SGD([x], lr=1.0)
    halves, seen = ExponentialLR(optimizer, 0.5), []
    for _ in range(4):
        x.grad = -1.0
        optimizer.step()
        halves.step()
        seen.append(x.data)
    assert seen == [1.0, 1.5, 1.75, 1.875]


def test_a_schedule_and_its_optimizer_go_on_from_a_saved_state() -> None:
    def started() -> tuple[Adam, Schedule]:
        adam = Adam([Value(0.0)], lr=0.3)
        return adam, SequentialLR(adam, [LinearLR(adam, total_iters=4), CosineAnnealingLR(adam, 9)], milestones=[4])

    adam, schedule = started()
    for _ in range(6):
        schedule.step()
    saved = json.loads(json.dumps([adam.state_dict(), schedule.state_dict()]))
    other, second = started()
    other.load_state_dict(saved[0])
    second.load_state_dict(saved[1])
    for _ in range(5):
        assert other.lr == adam.lr
        schedule.step()
        second.step()
    assert second.last_epoch == schedule.last_epoch == 11


def test_schedules_made_after_loading_start_from_the_first_learning_rate_of_all() -> None:
    optimizer = sgd(1.0)
    halves = ExponentialLR(optimizer, 0.5)
    halves.step()
    other = sgd(7.0)
    other.load_state_dict(optimizer.state_dict())
    again = ExponentialLR(other, 0.5)
    again.load_state_dict(halves.state_dict())
    assert (other.lr, again.base_lr) == (0.5, 1.0)


REFUSED: tuple[tuple[Callable[[], Any], type[Exception], str], ...] = (
    (lambda: StepLR(0.1, 3), TypeError, "StepLR needs an optimizer, got float"),  # type: ignore[arg-type]
    (lambda: StepLR(sgd(), 0), ValueError, "StepLR needs step_size >= 1, got step_size = 0"),
    (lambda: StepLR(sgd(), 2.5), TypeError, "StepLR needs a whole number for step_size, got float 2.5"),  # type: ignore[arg-type]
    (lambda: StepLR(sgd(), 2, -1.0), ValueError, "StepLR needs gamma >= 0"),
    (lambda: ExponentialLR(sgd(), math.nan), ValueError, "ExponentialLR needs gamma >= 0, got gamma = nan"),
    (lambda: CosineAnnealingLR(sgd(), 0), ValueError, "CosineAnnealingLR needs T_max >= 1"),
    (lambda: CosineAnnealingLR(sgd(), 5, -0.1), ValueError, "CosineAnnealingLR needs eta_min >= 0"),
    (lambda: LinearLR(sgd(), 0.0), ValueError, "LinearLR needs start_factor > 0 and start_factor <= 1, got"),
    (lambda: LinearLR(sgd(), end_factor=2.0), ValueError, "LinearLR needs end_factor >= 0 and end_factor <= 1"),
    (lambda: LinearLR(sgd(), total_iters=0), ValueError, "LinearLR needs total_iters >= 1"),
    (lambda: SequentialLR(sgd(), [], []), ValueError, "one milestone between any two schedules, got 0 for 0 schedules"),
    (lambda: two([3, 4]), ValueError, "one milestone between any two schedules, got 2 for 2 schedules"),
    (lambda: two([0]), ValueError, "SequentialLR needs milestones >= 1"),
    (lambda: two([4, 2], 3), ValueError, r"SequentialLR needs milestones that rise, got \[4, 2\]"),
    (lambda: two([2, 2], 3), ValueError, r"SequentialLR needs milestones that rise, got \[2, 2\]"),
    (lambda: SequentialLR(sgd(), [ExponentialLR(sgd(), 0.5)], []), ValueError, "but number 0 has another"),
    (lambda: SequentialLR(sgd(), [0.5], []), TypeError, "needs schedules, but number 0 is float"),  # type: ignore[list-item]
    (
        lambda: ExponentialLR(sgd(), 10.0).load_state_dict({"last_epoch": 999}),
        ValueError,
        "needs lr >= 0, got lr = inf",
    ),
    (lambda: ExponentialLR(sgd(), 1.0).load_state_dict({"last_epoch": -1}), ValueError, "needs last_epoch >= 0"),
    (lambda: StepLR(sgd(), 2).load_state_dict({}), ValueError, "no state_dict of a schedule: it has no last_epoch"),
    (lambda: StepLR(sgd(), 2).load_state_dict(None), TypeError, "no state_dict of a schedule, got NoneType"),  # type: ignore[arg-type]
    (lambda: Schedule(sgd()), NotImplementedError, r"Schedule has no rate\(epoch\)"),
)


def two(milestones: list[int], count: int = 2) -> SequentialLR:
    optimizer = sgd()
    return SequentialLR(optimizer, [ExponentialLR(optimizer, 0.5) for _ in range(count)], milestones)


@pytest.mark.parametrize(("act", "error", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_what_is_no_schedule_is_refused(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        act()


def test_a_saved_state_that_is_refused_changes_nothing() -> None:
    schedule = ExponentialLR(sgd(0.4), 10.0)
    with pytest.raises(ValueError, match="got lr = inf"):
        schedule.load_state_dict({"last_epoch": 999})
    assert (schedule.last_epoch, schedule.optimizer.lr) == (0, 0.4)


def test_the_package_exports_every_schedule() -> None:
    for name in schedule.__all__:
        assert getattr(nn, name) is getattr(schedule, name)
