"""Which weight of a Keras model is which of TensorFlow.js: by the layers' names, and by the order of a layer's weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .files import LayersModel
from .topology import CONTAINERS

Path = tuple[str, ...]


def _leaves(topology: dict[str, Any], layers: list[Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every layer that is no model, with the names of the layers around it and its own."""
    config = topology["config"]
    specs = config if isinstance(config, list) else config["layers"]
    by_name = {layer.name: layer for layer in layers}
    for spec in specs:
        if spec["class_name"] == "InputLayer":
            continue
        name = spec["config"].get("name", spec.get("name"))
        inner, layer = spec, by_name[name]
        around = path + (name,)
        while "layer" in inner["config"] and inner["class_name"] == "TimeDistributed":
            inner, layer = inner["config"]["layer"], layer.layer
        if inner["class_name"] in CONTAINERS:
            yield from _leaves(inner, layer.layers, around + ((inner["config"]["name"],) if inner is not spec else ()))
        else:
            yield around, layer


def _belongs(scope: Path, path: Path) -> bool:
    """Whether a weight of this scope is of the layer with this path: TensorFlow.js leaves out names of models around a layer."""
    return any(scope[: len(path) - i] == path[i:] for i in range(len(path)))


def pairs(model: Any, source: LayersModel) -> list[tuple[str, Any]]:
    """TensorFlow.js's name and Keras's variable of every weight.

    Args:
        model: made of the source's topology

    Raises:
        ValueError: names the layer whose weights do not fit
    """
    found: list[tuple[str, Any]] = []
    names = {name: tuple(name.split("/")) for name in source.weights}
    taken: dict[str, str] = {}
    for path, layer in _leaves(source.topology, model.layers):
        own = [name for name, parts in names.items() if _belongs(parts[:-1], path)]
        variables = list(layer.weights)
        shapes = [tuple(source.weights[name].shape) for name in own]
        wanted = [tuple(variable.shape) for variable in variables]
        if shapes != wanted:
            got = dict(zip(own, shapes, strict=True))
            raise ValueError(f"tfjs-uan-keras: layer {'/'.join(path)!r}: Keras has weights of the shapes {wanted}; got {got}")
        for name, variable in zip(own, variables, strict=True):
            if name in taken:
                raise ValueError(f"tfjs-uan-keras: weight {name!r} must be of one layer; got {taken[name]!r} and {'/'.join(path)!r}")
            taken[name] = "/".join(path)
            found.append((name, variable))
    missing = [name for name in names if name not in taken]
    if missing:
        raise ValueError(f"tfjs-uan-keras: every weight must be of a layer; got {', '.join(missing)}")
    return found


def assign(model: Any, source: LayersModel) -> None:
    """Gives a model the weights of the file."""
    for name, variable in pairs(model, source):
        variable.assign(source.weights[name])
    _end_data_starts(model)


def _end_data_starts(layer: Any) -> None:
    """A model that was saved gathers no more."""
    if hasattr(layer, "end_data_start"):
        layer.end_data_start()
    for inner in [*getattr(layer, "layers", []), getattr(layer, "layer", None)]:
        if inner is not None:
            _end_data_starts(inner)


def values(model: Any, source: LayersModel) -> dict[str, np.ndarray]:
    """The model's weights by TensorFlow.js's names."""
    return {name: np.asarray(variable.numpy()) for name, variable in pairs(model, source)}
