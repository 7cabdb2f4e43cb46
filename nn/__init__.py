"""Neurons, layers and multi-layer perceptrons, built from Values."""

__all__: list[str] = []
