"""Neurons, layers and multi-layer perceptrons built from Values, and how they are trained.

What there is:

    Module                                             parameters, state, files
    Neuron, Layer, MLP, Sequential, Dropout, Maxout    what networks are made of; load_model reads one from a file
    mse, cross_entropy, hinge, …, l1, l2               losses on one example, penalties on weights
    SGD, Adam, …, StepLR, …                            optimizers and schedules
    moons, spirals, …, minibatches, read_csv           data
    fit, predict, accuracy                             training, and what comes of it
"""

from nn import clash as clash  # first: it tells where `autograd` is somebody else's

try:
    import numpy  # noqa: F401  # told here, once, for whichever part is imported first
except ImportError:
    from autograd.errors import pip_install

    raise ImportError(f"nn computes with NumPy: {pip_install('numpy')}") from None

from nn.data import Table, blobs, circles, digits, linear, minibatches, moons, read_csv, spirals, split, xor
from nn.layers import MLP, Dropout, Layer, Maxout, Neuron, Sequential, load_model
from nn.losses import (
    binary_cross_entropy,
    cross_entropy,
    hinge,
    huber,
    l1,
    l2,
    mse,
    multiclass_hinge,
    nll,
    quadratic,
    squared_error,
)
from nn.module import Module
from nn.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    Descent,
    Optimizer,
    RMSprop,
    StopAtGradientNorm,
    descend,
    line_search,
    optimizer_named,
)
from nn.outputs import accuracy, predict
from nn.schedule import CosineAnnealingLR, ExponentialLR, LinearLR, Schedule, SequentialLR, StepLR
from nn.train import History, TrainingError, fit

__all__ = [
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "Descent",
    "Dropout",
    "ExponentialLR",
    "History",
    "Layer",
    "LinearLR",
    "MLP",
    "Maxout",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "SGD",
    "Schedule",
    "Sequential",
    "SequentialLR",
    "StepLR",
    "StopAtGradientNorm",
    "Table",
    "TrainingError",
    "accuracy",
    "binary_cross_entropy",
    "blobs",
    "circles",
    "cross_entropy",
    "descend",
    "digits",
    "fit",
    "hinge",
    "huber",
    "l1",
    "l2",
    "line_search",
    "linear",
    "load_model",
    "minibatches",
    "moons",
    "mse",
    "multiclass_hinge",
    "nll",
    "optimizer_named",
    "predict",
    "quadratic",
    "read_csv",
    "spirals",
    "split",
    "squared_error",
    "xor",
]


def __dir__() -> list[str]:
    """List what is meant to be used: completion need not offer what this module imports."""
    return sorted(__all__)
