"""The layer BatchNormalizationWithPrior, without the Keras that it is of."""

from __future__ import annotations

from typing import Any

from ..formulas.moments import standardize
from ..formulas.view import Tensor, View
from .channel import ChannelNormalization
from .moving import HasMovingRule, MovingMoments, moving_rule


class BatchNormalizationWithPrior(HasMovingRule, ChannelNormalization):
    """Batch normalization whose batches' moments are shrunk toward the moving ones by a prior mass, so that it trains in small batches.

    Ioffe, Szegedy, arXiv 1502.03167; docs/math.md, section 2.5. Weights: gamma and beta [C], where asked for; moving mean and moving
    variance [C]; with a prior mass ``seen`` [1]. Input and output: any rank from 2 on, of the same shape.

    Args:
        momentum: how much of a moving value is kept at each update, without a memory. Default 0.99
        prior_mass: activations' worth of trust in the moving moments. Default 0
        memory: samples that the moving moments remember; None: by momentum. Default "auto": 96 where there is a prior mass and no
            momentum is given, else None
        axis, epsilon, center, scale, and others of gamma and beta: see :class:`ChannelNormalization`
    """

    _has_moving = True

    def __init__(
        self,
        momentum: float | None = None,
        prior_mass: float | None = None,
        memory: float | None | str = "auto",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._rule = moving_rule(self._owner, momentum, prior_mass, memory, (0.99, 0.0))

    def _build_for(self, channels: int) -> None:
        self._moving = MovingMoments(self, (channels,), self._rule)

    def _normalize(self, x: Tensor, view: View, training: bool, counted: Tensor | None) -> Tensor:
        ops = self._framework.ops
        if training:
            standardized = standardize(ops, x, view, self.epsilon, self._moving.prior(), counted)
            self._moving.follow(x, standardized.own)
            return self._with_affine(standardized.z)
        mean, variance = (view.per_channel(ops, value) for value in self._moving.values())
        return self._with_affine((x - mean) * ops.rsqrt(variance + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._rule.config()}
