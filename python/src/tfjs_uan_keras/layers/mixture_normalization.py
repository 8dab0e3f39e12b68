"""The layer MixtureNormalization, without the Keras that it is of."""

from __future__ import annotations

from typing import Any

from ..alea import uniform
from ..arguments import argument_error, check_count, check_momentum
from ..formulas.parameters import with_floor
from ..formulas.vector_mixture import Rows, VectorMixture, affine, by_vector_mixture, fit, nearest_rows
from ..formulas.view import Tensor, View
from .channel import ChannelNormalization

# Draws are below 1 in float32, too.
BELOW_ONE = 1 - 2.0**-24


class MixtureNormalization(ChannelNormalization):
    """Normalizes by a Gaussian mixture over the C-vectors of the batch, which EM fits to each batch of training.

    Kalayeh, Shah, arXiv 1806.02892; docs/math.md, section 5. Inference uses moving estimates: the first batch of training sets them,
    each further one moves them, component by component, each to the batch's that is nearest.

    Weights: gamma and beta [C], where asked for; moving prior [K], moving mean and moving variance [K, C], not trained. The moving prior
    is 0 until a batch sets the estimates; inference takes equal priors then. Input and output: any rank from 2 on, of the same shape.

    Args:
        num_components: components K of the mixture. Default 3
        em_steps: steps of EM that fit it to each batch of training, after the start. Default 2
        momentum: how much of the moving estimates is kept at each batch of training. Default 0.9
        seed: of the starts of EM, an integer: the numbers that TensorFlow.js draws. Default: others for every batch
        axis, epsilon, center, scale, and others of gamma and beta: see :class:`ChannelNormalization`
    """

    def __init__(
        self,
        num_components: int = 3,
        em_steps: int = 2,
        momentum: float = 0.9,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_count(self._owner, "num_components", num_components)
        check_count(self._owner, "em_steps", em_steps, least=0)
        check_momentum(self._owner, momentum)
        if seed is not None and not isinstance(seed, int):
            raise argument_error(self._owner, "seed", "be an integer or None", seed)
        self.num_components = num_components
        self.em_steps = em_steps
        self.momentum = momentum
        self.seed = seed
        self._random = self._framework.draws(seed)

    def _build_for(self, channels: int) -> None:
        components = self.num_components
        weight = lambda name, shape, initializer: self._weight(  # noqa: E731
            name, shape, initializer, trainable=False, moving=True
        )
        self.moving_prior = weight("moving_prior", (components,), "zeros")
        self.moving_mean = weight("moving_mean", (components, channels), "zeros")
        self.moving_variance = weight("moving_variance", (components, channels), "ones")

    def _normalize(self, x: Tensor, view: View, training: bool, counted: Tensor | None) -> Tensor:
        ops = self._framework.ops
        # Channels last, as rows [N, C].
        order = view.axes + (view.axis,)
        moved = ops.transpose(x, order)
        flat = ops.reshape(moved, (-1, view.channels))
        if training:
            counts = None
            if counted is not None:
                counted = ops.reshape(ops.transpose(counted, order), (-1, view.channels))
                counts = ops.cast(ops.all(counted > 0, axis=1, keepdims=True), flat.dtype)
            rows = fit(ops, flat, self._draw(flat), self.num_components, self.em_steps, self.epsilon, counts)
            self._follow(flat, rows, counts)
        else:
            rows = by_vector_mixture(ops, flat, self._estimated(), self.epsilon)
        gamma, beta = (None if weight is None else self._read(weight) for weight in (self.gamma, self.beta))
        y = ops.reshape(affine(ops, flat, rows, gamma, beta), ops.shape(moved))
        return ops.transpose(y, tuple(order.index(i) for i in range(view.rank)))

    def _draw(self, x: Tensor) -> Tensor:
        ops, shape = self._framework.ops, (self.num_components,)
        draws = self._framework.draw(self._random, shape) if self.seed is None else uniform(shape, 0, BELOW_ONE, self.seed)
        return ops.cast(draws, x.dtype)

    def _estimated(self) -> VectorMixture:
        """The moving estimates, with equal priors before a batch has set them."""
        ops = self._framework.ops
        prior, mean, variance = (self._read(w) for w in (self.moving_prior, self.moving_mean, self.moving_variance))
        equal = ops.ones_like(prior) / self.num_components
        return VectorMixture(ops.where(ops.all(ops.equal(prior, 0)), equal, prior), mean, variance)

    def _follow(self, x: Tensor, rows: Rows, counts: Tensor | None) -> None:
        """Moves the estimates toward a batch's mixture. One that has no rows in the batch has no mean and variance to move to."""
        ops, batch = self._framework.ops, rows.mixture
        prior, mean, variance = (self._read(w) for w in (self.moving_prior, self.moving_mean, self.moving_variance))
        known = ops.shape(x)[0] > 0 if counts is None else ops.any(counts > 0)
        untouched = ops.all(ops.equal(prior, 0))
        order = nearest_rows(ops, mean, batch.mean)
        share = ops.reshape(ops.matmul(order, ops.reshape(batch.prior, (-1, 1))), prior.shape)
        has_rows = ops.expand_dims(ops.logical_or(untouched, share > 0), 1)
        following = lambda old, new: ops.where(untouched, new, old - (old - new) * (1 - self.momentum))  # noqa: E731

        def write(weight: Any, old: Tensor, value: Tensor, condition: Any) -> None:
            self._write(weight, ops.where(ops.logical_and(known, condition), value, old))

        write(self.moving_mean, mean, following(mean, ops.matmul(order, batch.mean)), has_rows)
        write(self.moving_variance, variance, following(variance, ops.matmul(order, batch.variance)), has_rows)
        write(self.moving_prior, prior, with_floor(ops, following(prior, share)), ops.equal(untouched, untouched))

    def get_config(self) -> dict[str, Any]:
        seed = {} if self.seed is None else {"seed": self.seed}
        names = ("num_components", "em_steps", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, **seed}
