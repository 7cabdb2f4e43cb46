"""Training: fit a model to examples, and tell what happened.

X   (n, d), one example per row     epoch   one pass over all rows, counted from 1
y   (n,), one target per row        batch   the rows that one step of the optimizer looks at, counted from 1
k   the outputs of the model
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import DomainError, TracingError, Value, no_grad
from autograd.errors import pip_install
from nn.checks import whole
from nn.data import minibatches
from nn.examples import Examples, checked_examples, checked_rows
from nn.init import generator
from nn.losses import CARDS, LOGITS, LOSSES, card_of, unchecked
from nn.module import Module
from nn.optim import Optimizer, optimizer_named
from nn.outputs import (
    Form,
    Loss,
    computed,
    form_of,
    has_classes,
    loss_of,
    mean_loss,
    mode,
    parts_of,
    set_threshold,
    share_right,
)
from nn.schedule import Schedule
from nn.steps import Compiled, Culprit, Eager, Recipe, Vector, culprit, draws, recipe

__all__ = ["History", "TrainingError", "fit"]

Floats = NDArray[np.float64]
Stepper = Eager | Compiled
Callback = Callable[[int, Module, "History"], Any]


class TrainingError(ArithmeticError):
    """Training came to numbers that are not finite, or out of a gate's domain; it tells which weights are kept.

    epoch: counted from 1. gate: the name of the first gate that went wrong, None where it is not known. parameter: the
    name of the parameter to look at, None where no single one is to blame. history: the epochs that were completed; a
    pickle leaves it out.
    """

    history: History

    def __init__(self, message: str, epoch: int, gate: str | None = None, parameter: str | None = None) -> None:
        super().__init__(message)
        self.epoch, self.gate, self.parameter = epoch, gate, parameter

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what went wrong; the history, which holds model and data, stays in this process."""
        return type(self), (str(self), self.epoch, self.gate, self.parameter)


@dataclass(slots=True, eq=False, repr=False)
class History:
    """What happened in training: lists with one entry per epoch, empty where something was not measured.

    `loss` is the mean over the rows of the losses that the optimizer saw, regularizer included, while it went along.
    All else that is measured on examples is measured at the end of the epoch, without dropout: `accuracy`, the share of
    rows classified right; `validation_loss`, without the regularizer; `validation_accuracy`. `gradient_norm` is the
    length of the gradient and `gradient_flow` the mean |gradient| of each layer's parameters, both means over the rows.
    `learning_rate` is the one the epoch used, `weights` the numbers of `model.parameters()` at its end.
    """

    model: Module
    X: Floats
    y: NDArray[Any]
    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    gradient_flow: dict[str, list[float]] = field(default_factory=dict)
    learning_rate: list[float] = field(default_factory=list)
    weights: list[Vector] = field(default_factory=list)
    compiled: bool = False  # whether an array program took the steps
    interrupted: bool = False  # whether Ctrl-C ended it
    best_epoch: int | None = None  # with early stopping: the epoch whose weights the model has at the end

    def __len__(self) -> int:
        """How many epochs it tells of."""
        return len(self.weights)

    def lists(self) -> dict[str, list[Any]]:
        """Return every list by name; those of gradient_flow by the layer's name, after `gradient_flow/`."""
        names = ("loss", "accuracy", "validation_loss", "validation_accuracy", "gradient_norm", "learning_rate")
        flows = {f"gradient_flow/{layer}": flow for layer, flow in self.gradient_flow.items()}
        return {name: getattr(self, name) for name in names} | flows | {"weights": self.weights}

    def trim(self) -> None:
        """Take off what was begun of an epoch that was not completed."""
        for numbers in self.lists().values():
            del numbers[len(self) :]

    def to_dict(self) -> dict[str, Any]:
        """Return all that was measured as plain numbers, lists and dictionaries, to be written as JSON, say."""
        plain = {name: list(numbers) for name, numbers in self.lists().items() if "/" not in name}
        plain["weights"] = [weights.tolist() for weights in self.weights]
        flow = {layer: list(numbers) for layer, numbers in self.gradient_flow.items()}
        flags = {"compiled": self.compiled, "interrupted": self.interrupted, "best_epoch": self.best_epoch}
        return {**plain, "gradient_flow": flow, **flags}

    def __repr__(self) -> str:
        told = [f"{name} {numbers[-1]:.4g}" for name, numbers in self.lists().items() if name in SHOWN and numbers]
        return f"History({', '.join([f'{len(self)} epochs', *told])}{', interrupted' * self.interrupted})"


SHOWN = ("loss", "accuracy", "validation_loss", "validation_accuracy")


# ------------------------------------------------------------------------------------------------------------ training


def fit(
    model: Module,
    X: Any,
    y: Any,
    *,
    loss: str | Loss,
    optimizer: str | Optimizer,
    epochs: int,
    batch_size: int | None = None,
    validation: tuple[Any, Any] | None = None,
    early_stopping: int | None = None,
    callbacks: Sequence[Callback] = (),
    regularizer: Callable[[], Any] | None = None,
    compiled: bool = True,
    progress: bool = True,
    rng: int | np.random.Generator | None = None,
) -> History:
    """Train a model on rows X (n, d) with targets y, and return what happened.

    loss: a function (prediction, target) -> Value of one example, or the name of one in nn.losses; its mean over a
        batch, plus regularizer() once, is what the optimizer lowers. Classes are whole numbers: 0 … k-1 for
        cross_entropy, nll and multiclass_hinge, 0 and 1 for binary_cross_entropy, -1 and 1 or 0 and 1 for hinge.
    optimizer: an Optimizer made with model.parameters(), or a name, which stands for its default options. Parameters
        that it was not given stay as they are.
    batch_size: rows per step, shuffled anew in each epoch; None takes all rows at once, in their order.
    validation: (X, y) to measure at the end of every epoch.
    early_stopping: end after so many epochs in a row without a lower validation loss; the model then has the weights of
        the best epoch, as it does when all epochs are done.
    callbacks: functions (epoch, model, history), called at the end of every epoch; False as an answer ends training.
    regularizer: a function without arguments, such as lambda: 1e-4 * l2(model).
    compiled: whether an array program takes the steps; to rounding the numbers are the same either way. It is recorded
        on one example, before the first epoch and anew where a callback has changed what that example or the
        regularizer is made of, gates or plain numbers. Within an epoch plain numbers are frozen. What branches on data,
        and what draws at random other than by Dropout, cannot be recorded: TracingError, and compiled=False trains gate
        by gate.
    progress: whether a bar on standard error shows epoch, loss and accuracy.
    rng: an int seed or a Generator for the shuffling; None is the seed 0. The same seed gives the same History.

    Dropout acts in training only: every epoch begins by model.train(), and the modes are as before at the end. Ctrl-C
    keeps the weights of the last whole step and returns the epochs that were completed, `interrupted` set. Accuracy is
    measured where targets are classes, and not where they are other numbers; of one output `model.threshold` decides,
    which suits the loss unless somebody set it. What makes no sense is a ValueError or TypeError before any step.
    Raises TrainingError when the loss, its gradient or a step is not finite or leaves a gate's domain; the model then
    has the last weights whose loss and gradient were finite.

        >>> from nn import MLP, Adam, moons
        >>> X, y = moons(40)
        >>> model = MLP(2, [8, 1])
        >>> adam = Adam(model.parameters(), lr=0.05)
        >>> history = fit(model, X, y, loss="binary_cross_entropy", optimizer=adam, epochs=20, progress=False)
        >>> len(history), history.loss[-1] < history.loss[0] / 2
        (20, True)
    """
    rule = _loss(loss)
    form = form_of(model, checked_rows(X))
    k = form.k
    examples = checked_examples(X, y, rule, k)
    held_out = None if validation is None else _validation(validation, rule, k, examples)
    _check_output(model, rule)
    trainer = Trainer(
        model=model,
        form=form,
        loss=rule,
        examples=examples,
        optimizer=_optimizer(optimizer, model),
        batch_size=_batch_size(batch_size, len(examples.X)),
        validation=held_out,
        patience=_patience(early_stopping, held_out),
        callbacks=_callbacks(callbacks),
        regularizer=regularizer,
        random=generator(0 if rng is None else rng),
        has_classes=has_classes(examples, k),
        compiled=bool(compiled),
    )
    _try_out(trainer)
    set_threshold(model, rule, examples.y, k)
    return trainer.run(whole("fit", "epochs", epochs, 0), progress)


@dataclass(slots=True, eq=False)
class Trainer:
    """One training: what `fit` was given, checked, and where it stands."""

    model: Module
    form: Form
    loss: Loss
    examples: Examples
    optimizer: Optimizer
    batch_size: int | None
    validation: Examples | None
    patience: int | None
    callbacks: Sequence[Callback]
    regularizer: Callable[[], Any] | None
    random: np.random.Generator
    has_classes: bool  # then accuracy is measured
    compiled: bool
    rule: Loss = field(init=False)  # the same loss, for targets that were checked
    parts: list[Module] = field(init=False)
    parameters: list[Value] = field(init=False)  # all of the model; the optimizer may have fewer
    history: History = field(init=False)
    stepper: Stepper = field(init=False)
    layers: dict[str, NDArray[np.intp]] = field(init=False)  # a layer's name -> the places of its parameters
    start: Vector = field(init=False)  # the weights it began with
    safe: Vector = field(init=False)  # the last weights whose loss and gradient were finite
    is_moved: bool = False  # whether any step was taken: until then these are the weights it began with
    recorded: Recipe | None = None  # what the program is recorded from, at the weights it began with
    best: tuple[float, Vector] | None = None  # the lowest validation loss, and its weights

    def __post_init__(self) -> None:
        examples = self.examples
        self.rule = unchecked(self.loss)
        self.parts, self.parameters = parts_of(self.model), self.model.parameters()
        self.stepper = self.made_stepper()
        self.layers = _layers(self.model, self.optimizer.parameters)
        self.history = History(self.model, examples.X, examples.y, compiled=self.stepper.compiled)
        self.history.gradient_flow = {layer: [] for layer in self.layers}
        self.start, self.safe = self.stepper.parameters.copy(), self.stepper.parameters.copy()

    def made_stepper(self) -> Stepper:
        """Return what takes the steps."""
        if not self.compiled:
            return Eager(self.example, self.optimizer.parameters, self.regularizer)
        with mode(self.parts, training=True), no_grad(), _gate_by_gate():
            found = draws(self.model, self.examples.X[0].tolist())
        return Compiled(self.example, self.optimizer.parameters, self.regularizer, found)

    def example(self, row: list[float], target: Any) -> Value:
        """Return the loss of one example."""
        return loss_of(self.rule, self.model(row), target)

    def run(self, epochs: int, progress: bool) -> History:
        """Train for so many epochs, or fewer, and return the history."""
        with mode(self.parts, training=True), _bar(epochs, progress) as tell:
            try:
                for epoch in range(1, epochs + 1):
                    self.epoch(epoch)
                    tell(self.history)
                    if self.finished(epoch):
                        break
                self.take_best()
            except KeyboardInterrupt:
                self.history.interrupted = True
            except TrainingError as error:
                error.history = self.history
                raise
            finally:
                self.stepper.store()
                self.history.trim()
        return self.history

    def epoch(self, epoch: int) -> None:
        """Pass over all rows once, and add to the history."""
        rate = self.optimizer.lr
        for part in self.parts:  # a callback may have called model.eval()
            part.training = True
        try:
            if self.compiled and (self.callbacks or not self.recorded):
                self.record_changes()
            loss, norm, flow = self.steps(epoch)
            self.stepper.store()
            self.measure()
        except DomainError as error:
            raise self.failure(f"in epoch {epoch}: {error}", epoch) from error
        for layer, places in self.layers.items():
            self.history.gradient_flow[layer].append(float(flow[places].mean()))
        self.history.loss.append(loss)
        self.history.gradient_norm.append(norm)
        self.history.learning_rate.append(rate)
        self.history.weights.append(np.array([p.data for p in self.parameters]))  # last: now it is complete

    def record_changes(self) -> None:
        """Take a new program where the last one was recorded from something else than is there now."""
        with _gate_by_gate():
            found = self.recipe()
            if found == self.recorded:
                return
            if found != self.recipe():
                raise TracingError(
                    "the same example gives other numbers when it is computed again, as by random draws or a counter, "
                    "which a program would freeze: drop by nn.Dropout, give noise as columns of X"
                )
        if self.recorded:
            self.stepper = self.made_stepper()
        self.recorded = found

    def recipe(self) -> Recipe:
        """Return what the loss of the first example and the regularizer are made of, at the weights it began with."""
        row, target = self.examples.X[0].tolist(), self.examples.targets[:1].tolist()[0]
        terms: list[Callable[[], Any]] = [partial(self.example, row, target)]
        terms += [self.regularizer] if self.regularizer else []
        return recipe(terms, self.parts, self.stepper.values, self.start)

    def steps(self, epoch: int) -> tuple[float, float, Vector]:
        """Take the steps of an epoch; return the means over its rows of loss, length of gradient, and |gradient|."""
        loss, norm, flow = 0.0, 0.0, np.zeros_like(self.stepper.gradient)
        with _gate_by_gate(), np.errstate(all="ignore"):  # what overflows is inf, and inf is looked for
            for batch, (rows, targets) in enumerate(self.batches(), 1):
                share = len(rows) / len(self.examples.X)
                loss += share * self.step(epoch, batch, rows, targets)
                norm += share * float(np.linalg.norm(self.stepper.gradient))
                flow += share * np.abs(self.stepper.gradient)
        return loss, norm, flow

    def batches(self) -> Iterable[tuple[NDArray[Any], NDArray[Any]]]:
        """Return the rows and targets of each step of an epoch."""
        X, targets = self.examples.X, self.examples.targets
        return [(X, targets)] if self.batch_size is None else minibatches(X, targets, self.batch_size, self.random)

    def step(self, epoch: int, batch: int, rows: NDArray[Any], targets: NDArray[Any]) -> float:
        """Move the parameters once and return the loss before; TrainingError where anything is not finite."""
        stepper = self.stepper
        loss = stepper.step(rows, targets)
        place = f"in epoch {epoch}, batch {batch}"
        if not (math.isfinite(loss) and np.isfinite(stepper.gradient).all()):
            raise self.not_finite(loss, place, epoch)
        self.safe[:], self.is_moved = stepper.parameters, True
        self.optimizer.update(stepper.parameters, stepper.gradient)
        wrong = ~np.isfinite(stepper.parameters)
        if wrong.any():
            i = int(wrong.argmax())
            name = self.name(stepper.values[i])
            told = (
                f"{place}: the step made {name!r} {stepper.parameters[i]} (its gradient is {stepper.gradient[i]:.3g})"
            )
            raise self.failure(told, epoch, parameter=name)
        return loss

    def measure(self) -> None:
        """Add what is measured at the end of an epoch, without dropout, to the history."""
        history = self.history
        if self.has_classes:
            outputs = computed(self.model, self.parts, self.examples.X)
            history.accuracy.append(share_right(self.model, outputs, self.examples.y))
        if self.validation:
            outputs = computed(self.model, self.parts, self.validation.X)
            history.validation_loss.append(mean_loss(self.loss, outputs, self.validation.targets, self.form))
            if self.has_classes:
                history.validation_accuracy.append(share_right(self.model, outputs, self.validation.y))

    def finished(self, epoch: int) -> bool:
        """Tell whether an epoch was the last: because validation gets no better, or by a callback's word."""
        late = self.patience is not None and self.is_late(epoch, self.patience)
        answers = [callback(epoch, self.model, self.history) for callback in self.callbacks]
        self.stepper.load()  # a callback may have set weights
        return late or any(isinstance(answer, (bool, np.bool_)) and not answer for answer in answers)

    def is_late(self, epoch: int, patience: int) -> bool:
        """Keep the weights of an epoch that is the best so far; tell whether the best was `patience` epochs ago."""
        loss = self.history.validation_loss[-1]
        loss = math.inf if math.isnan(loss) else loss
        if self.best is None or loss < self.best[0]:
            self.best, self.history.best_epoch = (loss, self.stepper.parameters.copy()), epoch
        return epoch - (self.history.best_epoch or 0) >= patience

    def take_best(self) -> None:
        """Set the weights of the best epoch, where early stopping looked for it."""
        if self.best is not None:
            self.stepper.parameters[:] = self.best[1]

    # ------------------------------------------------------------------------------------------------ when it fails

    def not_finite(self, loss: float, place: str, epoch: int) -> TrainingError:
        """Return the error of a loss or gradient that is not finite, with the gate it began at."""
        what = "the gradient is not finite" if math.isfinite(loss) else f"the loss is {loss}"
        root = self.stepper.graph()
        found = culprit(root, self.stepper.values) if root is not None else None
        if found is None:
            return self.failure(f"{place}: {what}", epoch)
        name = None if found.parameter is None else self.name(found.parameter)
        return self.failure(f"{place}: {what}; {_told(found, name)}", epoch, found.gate, name)

    def failure(self, story: str, epoch: int, gate: str | None = None, parameter: str | None = None) -> TrainingError:
        """Restore the last weights whose loss and gradient were finite; return the error that says what to do."""
        self.stepper.parameters[:] = self.safe
        largest = f"the largest is {max(abs(self.safe), default=0.0):.3g}"
        which, advice = (
            "weights it began with",
            "No step was taken yet: scale the inputs, or begin with smaller weights.",
        )
        if self.is_moved:
            which = "last weights whose loss and gradient were finite"
            advice = f"Lower the learning rate (it is {self.optimizer.lr:g}), or scale the inputs."
        return TrainingError(f"{story}. The model has the {which} ({largest}). {advice}", epoch, gate, parameter)

    def name(self, parameter: Value) -> str:
        """Return a parameter's label, or the name that the model has for it."""
        return parameter.label or next(name for name, p in self.model.named_parameters() if p is parameter)


@contextmanager
def _gate_by_gate() -> Iterator[None]:
    """Tell in a TracingError that there is another way."""
    try:
        yield
    except TracingError as error:
        raise TracingError(f"{error}. Or train gate by gate: fit(…, compiled=False)") from error


def _told(found: Culprit, parameter: str | None) -> str:
    place = f"the first number that is not finite is {found.number}, at {found.node}"
    if found.parameter is None:
        return place
    return f"{place}; the parameter to look at is {parameter!r} = {found.parameter.data:.6g}"


def _layers(model: Module, trained: Sequence[Value]) -> dict[str, NDArray[np.intp]]:
    """Return for each layer, by the first part of its parameters' paths, where those stand among the trained ones."""
    names = {p: name for name, p in model.named_parameters()}
    layers = [names[p].rpartition("/")[0].partition("/")[0] or "model" for p in trained]
    return {layer: np.array([i for i, each in enumerate(layers) if each == layer]) for layer in dict.fromkeys(layers)}


@contextmanager
def _bar(epochs: int, progress: bool) -> Iterator[Callable[[History], None]]:
    """Show a bar on standard error; yields what moves it on by one epoch."""
    if not progress or not epochs:
        yield lambda history: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        how = f"{pip_install('tqdm')}, or call fit with progress=False"
        raise ImportError(f"the bar is drawn by tqdm: {how}") from None
    with tqdm(total=epochs, desc="training", unit="epoch", dynamic_ncols=True) as bar:

        def tell(history: History) -> None:
            numbers = history.lists()
            bar.set_postfix({name: f"{numbers[name][-1]:.4g}" for name in SHOWN[:2] if numbers[name]}, refresh=False)
            bar.update()

        yield tell


# ------------------------------------------------------------------------------------------------- what fit was given


def _loss(loss: Any) -> Loss:
    if callable(loss):
        return loss  # type: ignore[no-any-return]
    if not isinstance(loss, str):
        raise TypeError(f"loss is a name or a function (prediction, target) -> Value, got {type(loss).__name__}")
    if loss not in LOSSES:
        near = get_close_matches(loss.lower(), LOSSES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no loss is called {loss!r}: {hint}there are {', '.join(LOSSES)}")
    return LOSSES[loss]


def _optimizer(given: Any, model: Module) -> Optimizer:
    parameters = model.parameters()
    if isinstance(given, str):
        return optimizer_named(given, parameters)
    if not isinstance(given, Optimizer):
        hint = f": give {given.__name__}(model.parameters())" if isinstance(given, type) else ""
        raise TypeError(f"optimizer is a name or an Optimizer, got {type(given).__name__}{hint}")
    known = set(parameters)
    strange = [i for i, p in enumerate(given.parameters) if p not in known]
    if strange:
        label = given.parameters[strange[0]].label
        raise ValueError(
            f"the optimizer moves {len(strange)} parameters that the model does not have, first its number "
            f"{strange[0]} ({label!r}): make it with model.parameters() of this model"
        )
    return given


def _batch_size(batch_size: int | None, n: int) -> int | None:
    if batch_size is not None and whole("fit", "batch_size", batch_size, 1) > n:
        raise ValueError(f"a batch of {batch_size} rows is larger than the data, which has {n}")
    return batch_size


def _validation(given: Any, loss: Loss, k: int, examples: Examples) -> Examples:
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise TypeError(f"validation is a pair (X, y), got {type(given).__name__}")
    held_out = checked_examples(given[0], given[1], loss, k, ("validation X", "validation y"))
    columns, expected = held_out.X.shape[1], examples.X.shape[1]
    if columns != expected:
        raise ValueError(f"validation X has {columns} columns, but X has {expected}")
    return held_out


def _patience(early_stopping: int | None, validation: Examples | None) -> int | None:
    if early_stopping is None:
        return None
    if validation is None:
        raise ValueError("early_stopping watches the validation loss: give validation=(X, y)")
    return whole("fit", "early_stopping", early_stopping, 1)


def _callbacks(given: Any) -> list[Callback]:
    if callable(given) or not isinstance(given, Iterable):
        raise TypeError(f"callbacks is a list of functions (epoch, model, history), got {type(given).__name__}")
    callbacks = list(given)
    for i, callback in enumerate(callbacks):
        if not callable(callback):
            raise TypeError(f"callbacks[{i}] is no function (epoch, model, history), got {type(callback).__name__}")
    return callbacks


def _check_output(model: Module, loss: Loss) -> None:
    """Refuse a loss of logits for a model whose last layer has made probabilities of them: both would be applied."""
    card, last = card_of(loss), model.ends_in
    if card and last is not None and card.refuses == last:
        suited = (each.name for each in CARDS.values() if (each.targets, each.outputs) == (card.targets, LOGITS))
        raise ValueError(
            f"{card.name} takes {card.outputs}, but the model ends in {last}: make it with output='linear' "
            f"and loss={next(suited)!r}"
        )


def _try_out(trainer: Trainer) -> None:
    """Compute the loss of the first example and the regularizer, so that what is no loss is refused before any step."""
    schedules = [each for each in trainer.callbacks if isinstance(each, Schedule)]
    if any(schedule.optimizer is not trainer.optimizer for schedule in schedules):
        raise ValueError("a schedule among the callbacks belongs to another optimizer: give fit the one it has")
    X, targets = trainer.examples.X, trainer.examples.targets
    # what leaves a domain, training will tell more about
    with mode(trainer.parts, training=False), no_grad(), suppress(DomainError):
        if trainer.regularizer is not None:
            _try_regularizer(trainer.regularizer)
        trainer.example(X[0].tolist(), targets.tolist()[0])


def _try_regularizer(regularizer: Any) -> None:
    hint = "give a function without arguments, such as lambda: 1e-4 * l2(model)"
    if not callable(regularizer):
        raise TypeError(f"a regularizer is a function, got {type(regularizer).__name__}: {hint}")
    try:
        penalty = regularizer()
    except TypeError as error:
        raise TypeError(f"the regularizer cannot be called ({error}): {hint}") from error
    if not isinstance(penalty, (Value, Real)):  # l2 of a model without weights is a plain 0
        raise TypeError(f"a regularizer gives one Value, got {type(penalty).__name__}: {hint}")
