"""What the layers need of Keras beside its formulas: Keras 3 and Keras 2 (tf_keras) each are one."""

from __future__ import annotations

from typing import Any, Protocol


class Framework(Protocol):
    """Keras 3 or Keras 2."""

    keras: Any
    """The module, with ``layers``, ``initializers``, ``regularizers`` and ``constraints``."""
    ops: Any
    """``keras.ops``, or :mod:`tfjs_uan_keras.tf_ops`."""

    def add_weight(self, layer: Any, name: str, shape: tuple[int, ...], initializer: Any, **kwargs: Any) -> Any:
        """Adds a weight to a layer.

        Args:
            kwargs: trainable, regularizer, constraint; ``written``: that the forward pass writes it; ``moving``: that it is an
                average, too, of what each replica of tf.distribute saw
        """

    def constant(self, value: Any) -> Any:
        """An initializer that gives this array."""

    def read(self, weight: Any, dtype: str) -> Any:
        """A weight's tensor."""

    def dtype_name(self, dtype: Any) -> str:
        """The name of a dtype."""

    def is_training(self, owner: str, training: Any) -> bool:
        """What a layer is called with, as a Boolean."""

    def check_kept(self, owner: str, x: Any) -> None:
        """Raises where a trained weight that the forward pass writes would not keep it."""

    def gathering(self, channels: int) -> Any:
        """A :class:`tfjs_uan_keras.layers.data_start.Gathering`."""

    def draws(self, seed: int | None) -> Any:
        """What :meth:`draw` draws from."""

    def draw(self, source: Any, shape: tuple[int, ...]) -> Any:
        """Random numbers in [0, 1)."""

    def mark_ended(self, gathering: Any) -> None:
        """Remembers, where functions are traced from now on, that a gathering has ended."""

    def has_ended(self, gathering: Any) -> bool:
        """Whether that was remembered."""
