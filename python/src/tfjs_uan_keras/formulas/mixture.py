"""Unsupervised Adaptive Normalization by learned moments: docs/math.md, sections 2.1, 2.3, 2.6 and 3."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .view import Ops, Tensor, View, at_least, largest, straight_through

MIN_VARIANCE = 2.0**-40
MIN_PRIOR = 2.0**-126
MIN_EPSILON = 2.0**-96
# Farther out than this many deviations, densities are compared there: squares stay exact enough.
MAX_DEVIATIONS = 1000.0


@dataclass(frozen=True)
class Mixture:
    """Effective parameters of a layer: mean and variance [K, C], prior [K]."""

    mean: Tensor
    variance: Tensor
    prior: Tensor


@dataclass(frozen=True)
class Shares:
    """Responsibilities ``tau`` [K, *x], and what they were computed from, as it broadcasts."""

    tau: Tensor
    near: Tensor
    mean: Tensor
    deviation: Tensor
    prior: Tensor


def responsibilities(ops: Ops, x: Tensor, mixture: Mixture, view: View, epsilon: float, formula: str = "uan") -> Shares:
    """τ of sections 2.1 ("uan") and 2.6 ("ucb"). NaN, and nothing else, where x is not finite."""
    is_ucb = formula == "ucb"
    mean = view.per_component(ops, mixture.mean)
    variance = at_least(ops, view.per_component(ops, mixture.variance) + epsilon, MIN_VARIANCE)
    prior = at_least(ops, view.per_component(ops, mixture.prior), MIN_PRIOR)
    deviation = ops.sqrt(variance)
    reach = MAX_DEVIATIONS * deviation
    lowest = ops.min(mean - reach, axis=0)
    highest = ops.max(mean + reach, axis=0)
    near = straight_through(ops, x, ops.minimum(ops.maximum(x, lowest), highest))
    log_density = -0.5 * ops.square((near - mean) / deviation)
    if not is_ucb:
        log_density = log_density + (ops.log(prior) - 0.5 * ops.log(variance))
    most = largest(ops, [log_density[k] for k in range(log_density.shape[0])])
    has_floor = is_ucb and epsilon >= MIN_EPSILON
    if has_floor:
        most = ops.maximum(most, ops.cast(math.log(epsilon), x.dtype))
    most = ops.stop_gradient(most)
    densities = ops.exp(log_density - most)
    total = ops.sum(densities, axis=0) + ops.stop_gradient(x - x)
    if has_floor:
        total = total + ops.exp(ops.cast(math.log(epsilon), x.dtype) - most)
    return Shares(densities / total, near, mean, deviation, prior)


def by_mixture(ops: Ops, x: Tensor, mixture: Mixture, view: View, epsilon: float, formula: str = "uan") -> Tensor:
    """y° of sections 2.1 and 2.6, of x's shape."""
    shares = responsibilities(ops, x, mixture, view, epsilon, formula)
    tau = shares.tau
    prior = 1.0 + epsilon if formula == "ucb" else shares.prior
    gain = 1.0 / (shares.deviation * ops.sqrt(ops.cast(prior, x.dtype)))
    # Out of range, the gradient of τ takes g_k where densities are compared; elsewhere `far` is 0.
    far = ops.stop_gradient(x - shares.near)
    y = ops.sum(tau * ((shares.near - shares.mean) * gain), axis=0)
    return y + far * ops.sum(ops.stop_gradient(tau) * gain, axis=0)


@dataclass(frozen=True)
class ComponentMoments:
    """Mass, mean and biased variance of every component, [K, C]."""

    mass: Tensor
    mean: Tensor
    variance: Tensor


def mixture_moments(ops: Ops, x: Tensor, mixture: Mixture, view: View, epsilon: float, counted: Tensor | None) -> ComponentMoments:
    """Section 3: the M step of EM, of the activations that count. A component without mass keeps mean and variance.

    Args:
        counted: like x, 1 where activations count and 0 where they are masked; None: all count
    """
    numbers = x if counted is None else ops.where(counted > 0, x, ops.zeros_like(x))
    tau = responsibilities(ops, numbers, mixture, view, epsilon).tau
    weight = tau if counted is None else tau * counted
    old_mean = view.per_component(ops, mixture.mean)
    mass = ops.sum(weight, axis=view.component_axes, keepdims=True)
    empty = ops.equal(mass, 0)
    divisor = ops.where(empty, ops.ones_like(mass), mass)
    average = lambda of: ops.sum(weight * of, axis=view.component_axes, keepdims=True) / divisor  # noqa: E731
    deviations = numbers - old_mean
    offset = average(deviations)
    variance = ops.where(empty, view.per_component(ops, mixture.variance), average(ops.square(deviations - offset)))
    matrix = lambda values: view.matrix(ops, values)  # noqa: E731
    return ComponentMoments(matrix(mass), matrix(old_mean + offset), matrix(variance))
