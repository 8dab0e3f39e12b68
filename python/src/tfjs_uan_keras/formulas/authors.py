"""What the authors' published layer ``UnsupervisedAdaptiveNormalization`` computes: docs/math.md, section 2.8."""

from __future__ import annotations

from .view import Ops, Tensor, View


def by_authors(ops: Ops, x: Tensor, mean: Tensor, variance: Tensor, prior: Tensor, view: View, epsilon: float) -> Tensor:
    """y°, of x's shape. The first axis is the samples'.

    Args:
        mean: [K, C]
        variance: [K, C], effective
        prior: [K, 1], raw
    """
    # The softmax over an axis of size 1: 1, and its gradient 0.
    prior = view.per_component(ops, ops.reshape(ops.exp(prior - prior), (-1,)))
    space = tuple(i for i in view.component_axes if i != 1)
    mean_over_space = (lambda of: ops.mean(of, axis=space, keepdims=True)) if space else (lambda of: of)
    distance = x - view.per_component(ops, mean)
    densities = prior * ops.exp(-ops.square(distance) / (2 * (view.per_component(ops, variance) + epsilon)))
    tau = densities / (ops.sum(densities, axis=0) + epsilon)
    share = tau / (ops.sum(tau, axis=view.component_axes, keepdims=True) + epsilon)
    weighted = share * x
    center = mean_over_space(weighted)
    spread = mean_over_space(share * ops.square(weighted))
    gain = ops.rsqrt(prior + epsilon) * ops.rsqrt(spread + epsilon)
    return ops.sum(tau * (x - center) * gain, axis=0)
