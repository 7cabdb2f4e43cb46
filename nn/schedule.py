"""Schedules: how the learning rate changes from epoch to epoch.

    optimizer     whose lr is written             base_lr       the lr it had before its first schedule
    last_epoch    how many epochs are behind      rate(epoch)   the learning rate in an epoch, counted from 0

A schedule sets the learning rate of epoch 0 when it is made and the next one at each `step()`, to be called at the end
of an epoch. It is a callback for `fit` too: `fit(…, optimizer=sgd, callbacks=[StepLR(sgd, 30)])`. Names, arguments,
defaults and numbers are torch.optim.lr_scheduler's, each from its closed form.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from autograd.elementary import power
from nn.checks import check_saved, checked, whole
from nn.optim import Optimizer

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LinearLR", "Schedule", "SequentialLR", "StepLR"]


class Schedule:
    """A learning rate for every epoch: the base of all schedules, which add a `rate`.

    All schedules of one optimizer have the same base_lr. TypeError for what is no optimizer.

        >>> from autograd import Value
        >>> from nn.optim import SGD
        >>> class Halving(Schedule):  # a schedule of your own is one method
        ...     def rate(self, epoch):
        ...         return self.base_lr / 2**epoch
        >>> schedule = Halving(SGD([Value(0.0)], lr=1.0))
        >>> [schedule.rate(epoch) for epoch in range(4)]
        [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__} needs an optimizer, got {type(optimizer).__name__}")
        if optimizer.initial_lr is None:
            optimizer.initial_lr = optimizer.lr
        self.optimizer = optimizer
        self.last_epoch = 0
        optimizer.lr = self.rate(0)

    @property
    def base_lr(self) -> float:
        """The learning rate that the optimizer had before its first schedule."""
        assert self.optimizer.initial_lr is not None, "a schedule has taken over"
        return self.optimizer.initial_lr

    def rate(self, epoch: int) -> float:
        """Return the learning rate in an epoch, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} has no rate(epoch)")

    def step(self) -> None:
        """Set the learning rate of the next epoch."""
        self.last_epoch += 1
        self.optimizer.lr = self.rate(self.last_epoch)

    def __call__(self, epoch: int, model: Any, history: Any) -> None:
        """Step, as a callback of `fit` at the end of an epoch."""
        self.step()

    def state_dict(self) -> dict[str, Any]:
        """Return where the schedule is, as plain data; base_lr is in the optimizer's."""
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on where state_dict() was taken: set the learning rate of that epoch; an error changes nothing.

        ValueError where it lacks something or is out of range, TypeError for what is no dictionary.
        """
        check_saved("state_dict of a schedule", saved, self.state_dict())
        epoch = whole(type(self).__name__, "last_epoch", saved["last_epoch"], 0)
        self.optimizer.lr = self.rate(epoch)
        self.last_epoch = epoch


class StepLR(Schedule):
    """The learning rate falls by the factor gamma every `step_size` epochs.

    >>> from autograd import Value
    >>> from nn.optim import SGD
    >>> schedule = StepLR(SGD([Value(0.0)], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.rate(epoch) for epoch in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = whole("StepLR", "step_size", step_size, 1)
        self.gamma = checked("StepLR", "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """Return base_lr·gamma^⌊epoch / step_size⌋."""
        share: float = power(self.gamma, epoch // self.step_size)
        return self.base_lr * share


class ExponentialLR(Schedule):
    """The learning rate falls by the factor gamma every epoch.

    >>> from autograd import Value
    >>> from nn.optim import SGD
    >>> schedule = ExponentialLR(SGD([Value(0.0)], lr=1.0), gamma=0.5)
    >>> [schedule.rate(epoch) for epoch in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = checked("ExponentialLR", "gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """Return base_lr·gamma^epoch."""
        share: float = power(self.gamma, epoch)
        return self.base_lr * share


class CosineAnnealingLR(Schedule):
    """The learning rate falls along half a cosine wave, from base_lr to `eta_min` in `T_max` epochs, then rises again.

    (I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983, 2017; without
    their restarts.)

        >>> from autograd import Value
        >>> from nn.optim import SGD
        >>> schedule = CosineAnnealingLR(SGD([Value(0.0)], lr=1.0), T_max=4)
        >>> [round(schedule.rate(epoch), 3) for epoch in range(5)]
        [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = whole("CosineAnnealingLR", "T_max", T_max, 1)
        self.eta_min = checked("CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """Return eta_min + (base_lr - eta_min)·(1 + cos(π·epoch / T_max)) / 2."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LinearLR(Schedule):
    """The learning rate goes straight from start_factor·base_lr to end_factor·base_lr in `total_iters` epochs.

    Upwards it is a warm-up (P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour",
    arXiv:1706.02677, 2017). Both factors are at most 1, and the first is positive.

        >>> from autograd import Value
        >>> from nn.optim import SGD
        >>> schedule = LinearLR(SGD([Value(0.0)], lr=1.0), start_factor=0.25, total_iters=3)
        >>> [schedule.rate(epoch) for epoch in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor = checked("LinearLR", "start_factor", start_factor, 0.0, 1.0, above=0.0)
        self.end_factor = checked("LinearLR", "end_factor", end_factor, 0.0, 1.0)
        self.total_iters = whole("LinearLR", "total_iters", total_iters, 1)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """Return base_lr·(start_factor + (end_factor - start_factor)·min(epoch / total_iters, 1))."""
        share = min(epoch / self.total_iters, 1.0)
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * share)


class SequentialLR(Schedule):
    """One schedule after another: the next takes over in each of the epochs `milestones`, and begins at its own start.

    Raises ValueError where there is not one milestone between any two schedules, where milestones do not rise, or where
    a schedule belongs to another optimizer.

        >>> from autograd import Value
        >>> from nn.optim import SGD
        >>> sgd = SGD([Value(0.0)], lr=1.0)
        >>> warm_up = LinearLR(sgd, start_factor=0.25, total_iters=3)
        >>> schedule = SequentialLR(sgd, [warm_up, ExponentialLR(sgd, gamma=0.5)], milestones=[3])
        >>> [schedule.rate(epoch) for epoch in range(6)]
        [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedulers = list(schedulers)
        self.milestones = [whole("SequentialLR", "milestones", epoch, 1) for epoch in milestones]
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                "SequentialLR needs one milestone between any two schedules, "
                f"got {len(self.milestones)} for {len(self.schedulers)} schedules"
            )
        if self.milestones != sorted(set(self.milestones)):
            raise ValueError(f"SequentialLR needs milestones that rise, got {self.milestones}")
        for i, schedule in enumerate(self.schedulers):
            if not isinstance(schedule, Schedule):
                raise TypeError(f"SequentialLR needs schedules, but number {i} is {type(schedule).__name__}")
            if schedule.optimizer is not optimizer:
                raise ValueError(f"SequentialLR needs schedules of its own optimizer, but number {i} has another")
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """Return the rate of the schedule whose turn it is, counted from when it took over."""
        turn = bisect_right(self.milestones, epoch)
        return self.schedulers[turn].rate(epoch - [0, *self.milestones][turn])
