"""Lifting: a scalar program, recorded once, becomes a few dozen array operations.

record    a graph of Values becomes a tape of plain lists
fuse      chains of additions become sums, sums of products become dots
layout    gates that do the same thing at the same time stand side by side; dots become matrix products
terms     a gate's card, run on terms, becomes elementary operations, for one input or for a stack of them
emit      the layout becomes straight-line NumPy source
program   what `autograd.compile` returns: the source, run
"""
