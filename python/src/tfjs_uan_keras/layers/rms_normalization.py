"""The layer RMSNormalization of Keras 3, which Keras 2 lacks."""

from __future__ import annotations

from typing import Any

from ..arguments import check_not_negative


class RMSNormalization:
    """Divides by the root mean square of each sample, over one or several axes, and multiplies with a trained scale.

    Zhang, Sennrich, arXiv 1910.07467; docs/math.md, section 4.3. Weight: scale, of the normalized axes' sizes.

    Args:
        axis: the axis, or axes. Default −1, the last
        epsilon: added to the mean square. Default 1e-6
    """

    _framework: Any

    def __init__(self, axis: int | list[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_not_negative(type(self).__name__, "epsilon", epsilon)
        self.axis = axis
        self.epsilon = epsilon
        self.supports_masking = True

    def _axes(self, rank: int) -> list[int]:
        axes = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        return sorted(axis % rank for axis in axes)

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape)
        sizes = tuple(shape[axis] for axis in self._axes(len(shape)))
        self.scale = self._framework.add_weight(self, "scale", sizes, "ones")
        self.built = True

    def call(self, inputs: Any) -> Any:
        ops, rank = self._framework.ops, len(inputs.shape)
        axes = self._axes(rank)
        x = ops.cast(inputs, "float32")
        scale = ops.reshape(self._framework.read(self.scale, "float32"), tuple(x.shape[i] if i in axes else 1 for i in range(rank)))
        square = ops.mean(ops.square(x), axis=axes, keepdims=True)
        return ops.cast(x * ops.rsqrt(square + self.epsilon) * scale, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
