"""Mixture normalization: docs/math.md, section 5. Rows are [N, C]; rows and components broadcast as [N, K, C]."""

from __future__ import annotations

from dataclasses import dataclass

from .mixture import MIN_PRIOR, MIN_VARIANCE
from .view import Ops, Tensor, largest

KMEANS_ROWS = 1024
MAX_SQUARE = 1e34
MAX_SQUARABLE = 1e18
MAX_FLOAT32 = 3.4028234663852886e38
MIN_RESPONSIBILITY = 2.0**-64
# Rows are at least this close, however far apart they are; and the closeness of rows one of which has its pair.
LEAST_CLOSE = -1e38
TAKEN = -3e38


@dataclass(frozen=True)
class VectorMixture:
    """Prior [K], mean and variance [K, C] of a mixture over C-vectors."""

    prior: Tensor
    mean: Tensor
    variance: Tensor


@dataclass(frozen=True)
class _Shares:
    """ν_k/M_k, [N, K]; the masses M, and whether they are 0, [K, 1]."""

    weights: Tensor
    mass: Tensor
    empty: Tensor


def _shares(ops: Ops, nu: Tensor) -> _Shares:
    mass = ops.reshape(ops.sum(nu, axis=0), (-1, 1))
    empty = ops.equal(mass, 0)
    divisor = ops.where(empty, ops.ones_like(mass), mass)
    return _Shares(nu / ops.reshape(divisor, (1, -1)), mass, empty)


def _moments(ops: Ops, x: Tensor, shares: _Shares, old: VectorMixture) -> VectorMixture:
    """λ, E and Var by the shares of rows that count; a component without mass keeps its mean and variance."""
    rounded = ops.stop_gradient(ops.matmul(ops.transpose(shares.weights), x))
    weights = ops.expand_dims(shares.weights, 2)
    deviations = ops.expand_dims(x, 1) - rounded
    offset = ops.sum(weights * deviations, axis=0)
    variance = ops.sum(weights * ops.square(deviations - offset), axis=0)
    rows = ops.sum(shares.mass)
    tiny = ops.cast(MIN_PRIOR, x.dtype)
    prior = ops.where(rows > 0, ops.reshape(shares.mass, (-1,)) / ops.maximum(rows, tiny), old.prior)
    return VectorMixture(
        prior,
        ops.where(shares.empty, old.mean, rounded + offset),
        ops.where(shares.empty, old.variance, ops.minimum(variance, ops.cast(MAX_FLOAT32, x.dtype))),
    )


def kmeans_start(ops: Ops, x: Tensor, draws: Tensor, components: int) -> VectorMixture:
    """The start: k-means++ on at most 1,024 rows.

    Args:
        x: [N, C]; rows with NaN take no part
        draws: K numbers in [0, 1)
    """
    channels = x.shape[1]
    count = ops.shape(x)[0]
    rows = min(count, KMEANS_ROWS) if isinstance(count, int) else ops.minimum(count, KMEANS_ROWS)
    index = ops.arange(rows, dtype="int32")
    divisor = max(rows, 1) if isinstance(rows, int) else ops.maximum(rows, 1)
    # ⌊j N / rows⌋, without a product that could overflow.
    taken = index * (count // divisor) + (index * (count % divisor)) // divisor
    x = ops.take(x, taken, axis=0)
    good = ops.sum(ops.square(x), axis=1, keepdims=True) < MAX_SQUARE
    points = ops.where(good, x, ops.zeros_like(x))
    counts = ops.cast(good, x.dtype)
    nearest = counts
    own = ops.zeros_like(counts)
    for k in range(components):
        running = ops.cumsum(nearest, axis=0)
        total = ops.sum(nearest, axis=0, keepdims=True)
        # A sum in another order may be a little more than the last of the running ones.
        seed = ops.minimum(ops.sum(ops.cast(running <= draws[k] * total, "int32")), ops.cast(rows - 1, "int32"))
        point = ops.sum(points * ops.cast(ops.equal(ops.expand_dims(index, 1), seed), x.dtype), axis=0, keepdims=True)
        distance = ops.sum(ops.square(points - point), axis=1, keepdims=True) * counts
        closer = distance < nearest
        own = ops.where(closer, ops.cast(k, x.dtype) * ops.ones_like(own), own)
        nearest = distance if k == 0 else ops.where(closer, distance, nearest)
    nu = ops.cast(ops.equal(own, ops.cast(ops.arange(components, dtype="int32"), x.dtype)), x.dtype) * counts
    zeros = ops.zeros((components, channels), x.dtype)
    old = VectorMixture(ops.ones((components,), x.dtype) / components, zeros, zeros)
    start = _moments(ops, points, _shares(ops, nu), old)
    pooled = ops.matmul(ops.reshape(start.prior, (1, components)), start.variance)
    return VectorMixture(start.prior, start.mean, ops.zeros_like(start.variance) + pooled)


def _precision(ops: Ops, variance: Tensor, epsilon: float) -> Tensor:
    return ops.rsqrt(ops.maximum(variance + epsilon, ops.cast(MIN_VARIANCE, variance.dtype)))


def _likely(ops: Ops, prior: Tensor) -> Tensor:
    return ops.maximum(prior, ops.cast(MIN_PRIOR, prior.dtype))


def row_responsibilities(ops: Ops, x: Tensor, mixture: VectorMixture, epsilon: float) -> Tensor:
    """ν [N, K]: the E step. NaN, and nothing else, in rows that are not finite."""
    inverse = _precision(ops, mixture.variance, epsilon)
    z = (ops.expand_dims(x, 1) - mixture.mean) * inverse
    squares = ops.square(ops.minimum(ops.maximum(z, -MAX_SQUARABLE), MAX_SQUARABLE))
    densities = ops.log(inverse) - 0.5 * squares
    # The first component's are subtracted before the sum over channels: sums of many keep their digits.
    density = ops.sum(densities - densities[:, :1], axis=2) + ops.log(_likely(ops, mixture.prior))
    most = largest(ops, [density[:, k : k + 1] for k in range(mixture.mean.shape[0])])
    share = ops.exp(density - most)
    kept = ops.where(share < MIN_RESPONSIBILITY, ops.zeros_like(share), share)
    return kept / ops.sum(kept, axis=1, keepdims=True) + ops.sum(x - x, axis=1, keepdims=True)


@dataclass(frozen=True)
class Rows:
    """y° [N, C], 0 in rows that are not finite; which are, [N, 1]; the mixture that was fitted."""

    y: Tensor
    finite: Tensor
    mixture: VectorMixture


def affine(ops: Ops, x: Tensor, rows: Rows, gamma: Tensor | None, beta: Tensor | None) -> Tensor:
    """γ y° + β. Rows that are not finite have NaN, and NaN as gradient, and no part in the gradients of γ and β."""
    y = rows.y if gamma is None else rows.y * gamma
    finite = ops.cast(rows.finite, x.dtype)
    if beta is not None:
        y = y + finite * beta
    return y + x * ops.where(rows.finite, ops.zeros_like(finite), finite + float("nan"))


def fit(ops: Ops, x: Tensor, draws: Tensor, components: int, steps: int, epsilon: float, counts: Tensor | None) -> Rows:
    """y°, and the mixture that EM fits to the rows. ν is a constant to the gradient, E and Var are not.

    Args:
        counts: [N, 1], 0 for rows that have no part in the fit; None: all have
    """
    constant = ops.stop_gradient(x)
    seen = constant if counts is None else ops.where(counts > 0, constant, constant * float("nan"))
    mixture = kmeans_start(ops, seen, draws, components)
    for step in range(steps + 1):
        nu = row_responsibilities(ops, constant, mixture, epsilon)
        finite = ops.equal(nu[:, :1], nu[:, :1])
        counting = finite if counts is None else ops.logical_and(finite, counts > 0)
        nu = ops.stop_gradient(ops.where(counting, nu, ops.zeros_like(nu)))
        if step < steps:
            mixture = _moments(ops, ops.where(counting, constant, ops.zeros_like(x)), _shares(ops, nu), mixture)
    good = ops.where(counting, x, ops.zeros_like(x))
    own = _moments(ops, good, _shares(ops, nu), mixture)
    final = VectorMixture(*(ops.stop_gradient(value) for value in (own.prior, own.mean, own.variance)))
    y = _weighted(ops, good, nu, VectorMixture(final.prior, own.mean, own.variance), epsilon)
    if counts is not None:
        y = ops.where(counting, y, by_vector_mixture(ops, x, final, epsilon).y)
    return Rows(y, finite, final)


def _weighted(ops: Ops, x: Tensor, nu: Tensor, mixture: VectorMixture, epsilon: float) -> Tensor:
    """Σ_k ν_k/√λ_k · (x − E_k)/√(Var_k + ε), [N, C]."""
    gain = _precision(ops, mixture.variance, epsilon) * ops.rsqrt(ops.expand_dims(_likely(ops, mixture.prior), 1))
    return ops.sum(ops.expand_dims(nu, 2) * ((ops.expand_dims(x, 1) - mixture.mean) * gain), axis=1)


def by_vector_mixture(ops: Ops, x: Tensor, mixture: VectorMixture, epsilon: float) -> Rows:
    """y° by a mixture that is given: ν is a constant to the gradient."""
    nu = row_responsibilities(ops, x, mixture, epsilon)
    finite = ops.equal(nu[:, :1], nu[:, :1])
    nu = ops.stop_gradient(ops.where(finite, nu, ops.zeros_like(nu)))
    return Rows(_weighted(ops, ops.where(finite, x, ops.zeros_like(x)), nu, mixture, epsilon), finite, mixture)


def nearest_rows(ops: Ops, to: Tensor, rows: Tensor) -> Tensor:
    """A permutation [K, K] that pairs the rows of two [K, C], each once, the nearest pair first."""
    size = to.shape[0]
    distances = ops.sum(ops.square(ops.expand_dims(to, 1) - ops.expand_dims(rows, 0)), axis=2)
    closeness = ops.maximum(-distances, ops.cast(LEAST_CLOSE, to.dtype))
    order = ops.zeros((size, size), to.dtype)
    for _ in range(size):
        nearest = ops.argmax(ops.reshape(closeness, (-1,)))
        places = ops.arange(size * size, dtype="int32")
        pair = ops.reshape(ops.cast(ops.equal(places, ops.cast(nearest, "int32")), to.dtype), (size, size))
        order = order + pair
        taken = ops.sum(pair, axis=1, keepdims=True) + ops.sum(pair, axis=0, keepdims=True) > 0
        closeness = ops.where(taken, ops.cast(TAKEN, to.dtype) * ops.ones_like(closeness), closeness)
    return order
