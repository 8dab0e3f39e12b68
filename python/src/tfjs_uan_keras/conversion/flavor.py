"""Layers of Keras 3 and of Keras 2 for those of TensorFlow.js, and what these call differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Config = dict[str, Any]

# What only the model that a layer is in needs. Initializers are dropped, too: weights come from the file.
DROPPED = ("batch_input_shape", "input_length", "sparse", "input_dtype")
# Where TensorFlow.js has null, its own default is meant.
NO_NULL = ("implementation", "unit_forget_bias", "dtype")
# TensorFlow.js resizes with other centers of pixels than Keras.
RESIZING = ("UpSampling2D", "Resizing")
RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU", "ConvLSTM2D", "Bidirectional")


class Flavor:
    """Keras 3 or Keras 2, as conversions need it.

    Attributes:
        keras: the module
        number: 3 or 2
        unrolls: whether recurrent layers take one step after the other in the graph: TensorFlow.js cannot run Keras's loops
    """

    def __init__(self, number: int, unrolls: bool = False) -> None:
        if number == 3:
            from .. import keras3 as own
            from . import keras3_only as only
        elif number == 2:
            from .. import keras2 as own
            from . import keras2_only as only
        else:
            raise ValueError(f"tfjs-uan-keras: keras must be 2 or 3; got {number!r}")
        self.number = number
        self.unrolls = unrolls
        self.keras = own._framework.keras
        self._own = own.LAYERS
        self._only = only

    def layer(self, class_name: str, config: Config, make: Callable[[Config], Any]) -> Any:
        """A layer.

        Args:
            make: makes a layer that is in the configuration

        Raises:
            ValueError: Keras has no such layer, or not with these arguments
        """
        name = config.get("name", class_name)
        if class_name in self._own:
            return self._own[class_name].from_config({k: v for k, v in config.items() if k not in DROPPED})
        if class_name in RESIZING and config.get("interpolation", "nearest") != "nearest":
            wanted = "interpolate by 'nearest': others differ between TensorFlow.js and Keras"
            raise ValueError(f"tfjs-uan-keras: layer {name!r} ({class_name}) must {wanted}; got {config['interpolation']!r}")
        config = self._adapted(config, make)
        if class_name == "InstanceNormalization":
            class_name, config = "GroupNormalization", {**config, "groups": -1}
        class_name, config = self._only.adapted(class_name, config)
        cls = getattr(self.keras.layers, class_name, None)
        if cls is None:
            raise ValueError(f"tfjs-uan-keras: layer {name!r}: Keras {self.keras.__version__} has no class {class_name!r}")
        try:
            return cls(**config)
        except (TypeError, ValueError) as error:
            raise ValueError(f"tfjs-uan-keras: layer {name!r} ({class_name}): {error}") from error

    def _adapted(self, config: Config, make: Callable[[Config], Any]) -> Config:
        adapted: Config = {}
        for key, value in config.items():
            if key in DROPPED or key.endswith("_initializer") or (key in NO_NULL and value is None):
                continue
            if key in ("layer", "cell"):
                value = make(value)
            elif key == "cells":
                value = [make(cell) for cell in value]
            elif key.endswith("activation") and isinstance(value, str):
                value = self._only.activation(value)
            elif key.endswith("_regularizer"):
                value = self.keras.regularizers.get(value)
            elif key.endswith("_constraint"):
                value = self.keras.constraints.get(value)
            elif key == "unroll":
                value = value or self.unrolls
            elif key == "axis" and isinstance(value, list) and len(value) == 1:
                (value,) = value
            adapted[key] = value
        return adapted

    def call(self, layer: Any, class_name: str, inputs: list[Any], kwargs: Config) -> Any:
        """Calls a layer with symbolic tensors."""
        if len(inputs) == 1:
            return layer(inputs[0], **kwargs)
        if class_name in RECURRENT:
            # TensorFlow.js has states among the inputs.
            return layer(inputs[0], initial_state=inputs[1:], **kwargs)
        return layer(inputs, **kwargs)
