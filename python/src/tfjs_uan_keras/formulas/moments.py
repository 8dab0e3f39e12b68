"""Moments of a batch, shrunk toward moving ones by a prior mass, and how these follow: docs/math.md, sections 2.4, 2.5 and 2.7."""

from __future__ import annotations

from dataclasses import dataclass

from .mixture import MIN_VARIANCE, ComponentMoments, Mixture, responsibilities
from .view import Ops, Tensor, View, at_least

# A component counts where its responsibility is larger: u² τ is finite there.
MIN_TAU = 2.0**-100
# Nothing divides by 0 where there is neither an activation nor a prior.
TINY = 1e-30


@dataclass(frozen=True)
class Prior:
    """Moving moments, [C] or [K, C], and the mass of activations that they count for, a scalar. Constants to the gradient."""

    mass: Tensor
    mean: Tensor
    variance: Tensor


@dataclass(frozen=True)
class ChannelMoments:
    """Mean and biased variance of every channel, and how many activations they are of, each [C]."""

    mean: Tensor
    variance: Tensor
    count: Tensor


@dataclass(frozen=True)
class Standardized:
    z: Tensor
    own: ChannelMoments


def _share(ops: Ops, count: Tensor, mass: Tensor) -> tuple[Tensor, Tensor]:
    """n/(n + m) and m/(n + m)."""
    both = ops.maximum(count + mass, ops.cast(TINY, count.dtype))
    return count / both, mass / both


def _around(ops: Ops, x: Tensor, view: View, counted: Tensor | None):
    """A constant near the mean, deviations from it, the mean's offset, the variance and the count; all but x broadcast."""
    if counted is None:
        count = view.count(ops, x)
        divisor = ops.maximum(count, ops.cast(1, x.dtype))
        average = lambda of: ops.sum(of, axis=view.axes, keepdims=True) / divisor  # noqa: E731
        numbers = x
    else:
        count = ops.sum(counted, axis=view.axes, keepdims=True)
        divisor = ops.maximum(count, ops.cast(1, x.dtype))
        average = lambda of: ops.sum(of * counted, axis=view.axes, keepdims=True) / divisor  # noqa: E731
        numbers = ops.where(counted > 0, x, ops.zeros_like(x))
    pivot = ops.stop_gradient(average(numbers))
    offset = average(numbers - pivot)
    variance = average(ops.square(numbers - pivot - offset))
    return pivot, offset, variance, count


def channel_moments(ops: Ops, x: Tensor, view: View, counted: Tensor | None) -> ChannelMoments:
    """Moments [C] of the activations that count; 0 in a channel without any."""
    pivot, offset, variance, count = _around(ops, x, view, counted)
    return _own(ops, view, pivot + offset, variance, count)


def _own(ops: Ops, view: View, mean: Tensor, variance: Tensor, count: Tensor) -> ChannelMoments:
    row = lambda values: ops.stop_gradient(view.row(ops, values))  # noqa: E731
    return ChannelMoments(row(mean), row(variance), row(ops.zeros_like(mean) + count))


def standardize(ops: Ops, x: Tensor, view: View, epsilon: float, prior: Prior | None, counted: Tensor | None) -> Standardized:
    """Section 2.5: x without the batch's mean and variance, shrunk toward the prior's; and the batch's own moments."""
    pivot, offset, variance, count = _around(ops, x, view, counted)
    own = _own(ops, view, pivot + offset, variance, count)
    if prior is not None:
        share, rest = _share(ops, count, prior.mass)
        distance = view.per_channel(ops, prior.mean) - pivot - offset
        variance = share * variance + rest * (view.per_channel(ops, prior.variance) + share * ops.square(distance))
        offset = offset + rest * distance
    return Standardized((x - pivot - offset) * ops.rsqrt(variance + epsilon), own)


def by_batch_moments(
    ops: Ops,
    x: Tensor,
    mixture: Mixture,
    view: View,
    epsilon: float,
    component_weights: str,
    prior: Prior | None,
    counted: Tensor | None,
    inference: bool,
) -> tuple[Tensor, ComponentMoments | None]:
    """Section 2.7: y°, and the batch's own moments; in inference, by the prior's alone, None."""
    shares = responsibilities(ops, x, mixture, view, epsilon)
    tau = shares.tau
    if inference:
        assert prior is not None
        distance = x - view.per_component(ops, prior.mean)
        variance = view.per_component(ops, prior.variance)
        own = None
    else:
        own, distance, variance = _component_moments(ops, x, tau, view, prior, counted, mixture)
    scale = ops.rsqrt(at_least(ops, variance + epsilon, MIN_VARIANCE))
    counts = ops.stop_gradient(ops.cast(tau > MIN_TAU, x.dtype))
    parts = tau * ((distance * counts) * scale)
    if component_weights == "prior":
        parts = parts * ops.rsqrt(shares.prior)
    # NaN, and nothing else, where x is not finite.
    return ops.sum(parts, axis=0) + ops.stop_gradient(x - x), own


def _component_moments(ops: Ops, x, tau, view: View, prior: Prior | None, counted: Tensor | None, mixture: Mixture):
    """The batch's own moments; x − E_k, and V_k, shrunk."""
    weight = tau if counted is None else tau * counted
    numbers = x if counted is None else ops.where(counted > 0, x, ops.zeros_like(x))
    mass = ops.sum(weight, axis=view.component_axes, keepdims=True)
    empty = ops.equal(mass, 0)
    divisor = ops.where(empty, ops.ones_like(mass), mass)
    average = lambda of: ops.sum(weight * of, axis=view.component_axes, keepdims=True) / divisor  # noqa: E731
    pivot = ops.stop_gradient(ops.where(empty, view.per_component(ops, mixture.mean), average(numbers)))
    offset = average(numbers - pivot)
    variance = ops.where(empty, view.per_component(ops, mixture.variance), average(ops.square(numbers - pivot - offset)))
    matrix = lambda values: ops.stop_gradient(view.matrix(ops, values))  # noqa: E731
    own = ComponentMoments(matrix(mass), matrix(pivot + offset), matrix(variance))
    distance = x - pivot - offset
    if prior is None:
        # A component without activations has no part in y.
        return own, ops.where(empty, ops.zeros_like(distance), distance), variance
    share, rest = _share(ops, mass, prior.mass)
    way = view.per_component(ops, prior.mean) - pivot - offset
    variance = share * variance + rest * (view.per_component(ops, prior.variance) + share * ops.square(way))
    return own, distance - rest * way, variance


def move_moments(
    ops: Ops, average: tuple[Tensor, Tensor], value: tuple[Tensor, Tensor], rate: Tensor, pooled: bool
) -> tuple[Tensor, Tensor]:
    """Section 2.4, moving moments: mean and variance, a step of ``rate`` of the way."""
    (mean, variance), (own_mean, own_variance) = average, value
    next_mean = mean - (mean - own_mean) * rate
    if pooled:
        variance = variance + ops.square(mean - next_mean)
        own_variance = own_variance + ops.square(own_mean - next_mean)
    return next_mean, variance - (variance - own_variance) * rate


def component_rate(ops: Ops, mass: Tensor, count: Tensor, samples: Tensor, momentum: float, memory: float | None) -> Tensor:
    """Section 2.4: r_k [K, C], by the mass of each component among ``count`` activations of a channel, [C]."""
    share = ops.maximum(count / mass.shape[0], ops.cast(TINY, mass.dtype))
    if memory is None:
        return ops.minimum(mass / share, ops.cast(1, mass.dtype)) * (1 - momentum)
    return mass / ops.maximum(mass + share * (memory / samples), ops.cast(TINY, mass.dtype))
