"""The layer's own parametrization and its starts: docs/math.md, section 2.4. And stepwise EM, which moves it."""

from __future__ import annotations

import numpy as np

from ..alea import uniform
from .mixture import Mixture, mixture_moments
from .view import Ops, Tensor, View

# softplus⁻¹(1)
RAW_ONE = 0.5413248546129181
# The smallest variance that has a raw value: no gradient would bring softplus⁻¹ of a smaller one back.
MIN_RAW_VARIANCE = 1e-6
# The smallest prior that a moving estimate keeps, of the K-th part that all have where they are equal.
MIN_SHARE = 0.05
# Activations' worth of trust in a component's old moments in stepwise EM.
INERTIA = 16.0

Start = dict[str, np.ndarray]


def spread(components: int, channels: int) -> np.ndarray:
    """K numbers spread evenly over [−1, 1], 0 for one, for every channel: [K, C]."""
    steps = np.linspace(-1, 1, components) if components > 1 else np.zeros(1)
    return np.repeat(steps[:, None], channels, axis=1).astype("float32")


def standard_start(components: int, channels: int) -> Start:
    """Where "data" starts before it has seen any: as if the channel's mean were 0 and its deviation 1."""
    return {
        "mean": spread(components, channels),
        "variance": np.full((components, channels), RAW_ONE, "float32"),
        "prior": np.zeros((components, 1), "float32"),
    }


def random_start(components: int, channels: int, seed: int | None) -> Start:
    """The paper's; with a seed the numbers that TensorFlow.js draws, too."""
    seeded = lambda i: None if seed is None else seed + i  # noqa: E731
    shape = (components, channels)
    prior = uniform((components, 1), 0.01, 0.99, seeded(2))
    return {
        "mean": uniform(shape, -1.0, 1.0, seeded(0)),
        "variance": uniform(shape, 0.001, 0.01, seeded(1)),
        "prior": prior / prior.sum(dtype="float32"),
    }


def raw_variance(ops: Ops, effective: Tensor) -> Tensor:
    """softplus⁻¹: small variances keep their digits."""
    variance = ops.maximum(effective, ops.cast(MIN_RAW_VARIANCE, effective.dtype))
    t = ops.tanh(variance / 2)
    return variance + ops.log(2 * t / (t + 1))


def effective(ops: Ops, raw: dict[str, Tensor]) -> Mixture:
    """Mean [K, C], variance [K, C] and prior [K] of raw ones, whose prior is [K, 1]."""
    prior = ops.softmax(ops.reshape(raw["prior"], (-1,)))
    return Mixture(raw["mean"], ops.softplus(raw["variance"]), ops.reshape(prior, (raw["mean"].shape[0],)))


def with_floor(ops: Ops, prior: Tensor) -> Tensor:
    """A moving prior [K] that none may vanish from."""
    floored = ops.maximum(prior, ops.cast(MIN_SHARE / prior.shape[0], prior.dtype))
    return floored / ops.sum(floored)


def em_step(
    ops: Ops, raw: dict[str, Tensor], z: Tensor, view: View, epsilon: float, momentum: float, counted: Tensor | None
) -> dict[str, Tensor]:
    """A step of stepwise EM: raw weights after it. Nothing moves where nothing counts."""
    mixture = effective(ops, raw)
    moments = mixture_moments(ops, z, mixture, view, epsilon, counted)
    total = view.count(ops, z) * view.channels if counted is None else ops.sum(counted)
    rate = 1 - momentum
    toward = lambda old, new, step: old + (new - old) * step  # noqa: E731
    step = lambda mass: mass / (mass + INERTIA) * rate  # noqa: E731
    share = ops.sum(moments.mass, axis=1) / ops.maximum(total, ops.cast(1, z.dtype))
    prior = with_floor(ops, toward(mixture.prior, share, step(total / view.channels)))
    known = total > 0
    after = {
        "mean": toward(mixture.mean, moments.mean, step(moments.mass)),
        "variance": raw_variance(ops, toward(mixture.variance, moments.variance, step(moments.mass))),
        "prior": ops.reshape(ops.log(prior), (-1, 1)),
    }
    return {name: ops.stop_gradient(ops.where(known, value, raw[name])) for name, value in after.items()}
