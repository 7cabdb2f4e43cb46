"""The gradient check: analytic against numeric (to come)."""


def check_gradients(f, xs=None, *, tolerance=1e-6, raises=False): ...
