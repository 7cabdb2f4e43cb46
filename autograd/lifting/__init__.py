"""Lifting: a scalar program, recorded once, becomes a few dozen array operations.

record              a graph of Values becomes a tape of plain lists
fuse                chains of additions become sums, sums of products become dots
layout              gates that do the same thing at the same time stand side by side
products            dots whose rows of factors meet become matrix products
terms               a gate's card, run on terms, becomes elementary operations, for one input or for a stack of them
writing             an elementary operation becomes a line of NumPy that writes into a buffer
emit                the layout becomes straight-line source, forward and backward
source              the source as a function, or as a module that runs with numpy alone
functional_source   the same layout as a pure function of jax.numpy
program             what `autograd.compile` returns: the source, run
"""

__all__: list[str] = []  # everything is asked for by its module
