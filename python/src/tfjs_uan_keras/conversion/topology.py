"""Models of Keras, from the topology of a layers model of TensorFlow.js: only public functions of Keras put them together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .flavor import Flavor

CONTAINERS = ("Sequential", "Model", "Functional")
Config = dict[str, Any]


def model_of(topology: Config, flavor: Flavor) -> Any:
    """A Keras model of a topology, without weights' values.

    Raises:
        ValueError: names the layer that Keras lacks, or that computes something else there
    """
    class_name, config = topology["class_name"], topology["config"]
    if class_name == "Sequential":
        return _sequential(config, flavor)
    if class_name in CONTAINERS:
        return _functional(config, flavor)
    raise ValueError(f"tfjs-uan-keras: the model's class must be one of {', '.join(CONTAINERS)}; got {class_name!r}")


def _specs(value: Any) -> Iterator[Config]:
    """Every layer in a topology, at any depth."""
    if isinstance(value, dict):
        if "class_name" in value and isinstance(value.get("config"), (dict, list)):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _specs(one)


def check_unrolled(topology: Config) -> None:
    """Raises ValueError where Keras would compute something else without its loop: a recurrent layer that goes backwards, with a mask."""
    specs = list(_specs(topology))
    masks = [s for s in specs if s["class_name"] == "Masking" or s["class_name"] == "Embedding" and s["config"].get("mask_zero")]
    backward = [s for s in specs if s["class_name"] == "Bidirectional" or isinstance(s["config"], dict) and s["config"].get("go_backwards")]
    if masks and backward:
        names = [spec["config"].get("name", spec["class_name"]) for spec in (backward[0], masks[0])]
        wanted = "go forward in a graph model of a network with masks"
        raise ValueError(f"tfjs-uan-keras: layer {names[0]!r} must {wanted}; got a mask from {names[1]!r}")


def layer_of(spec: Config, flavor: Flavor) -> Any:
    """A layer, a wrapper with its layer, or a model inside of the model."""
    class_name, config = spec["class_name"], spec["config"]
    if class_name in CONTAINERS:
        return model_of(spec, flavor)
    return flavor.layer(class_name, config, lambda inner: layer_of(inner, flavor))


def _input_of(config: Config, flavor: Flavor) -> Any:
    """The input that the first layer of a sequential model brings; None where it brings none."""
    shape = config.get("batch_input_shape")
    if shape is None:
        return None
    dtype = config.get("dtype")
    return flavor.keras.Input(batch_shape=tuple(shape), dtype=dtype if isinstance(dtype, str) else "float32")


def _sequential(config: Any, flavor: Flavor) -> Any:
    # TensorFlow.js once wrote the layers alone.
    specs, name = (config, None) if isinstance(config, list) else (config["layers"], config.get("name"))
    layers: list[Any] = []
    for spec in specs:
        if spec["class_name"] == "InputLayer":
            layers.append(_input_of(spec["config"], flavor))
            continue
        own = None if layers or spec["class_name"] in CONTAINERS else _input_of(spec["config"], flavor)
        layers += [layer_of(spec, flavor)] if own is None else [own, layer_of(spec, flavor)]
    return flavor.keras.Sequential(layers, name=name)


def _functional(config: Config, flavor: Flavor) -> Any:
    layers: dict[str, Any] = {}
    # Outputs of every call of a layer, by its name and the number of the call.
    outputs: dict[tuple[str, int], list[Any]] = {}
    pending: list[tuple[Config, int, list]] = []
    for spec in config["layers"]:
        name = spec["name"]
        if spec["class_name"] == "InputLayer":
            own = spec["config"]
            tensor = flavor.keras.Input(batch_shape=tuple(own["batch_input_shape"]), dtype=own.get("dtype"), name=name)
            outputs[name, 0] = [tensor]
            continue
        layers[name] = layer_of(spec, flavor)
        # A model was called once when it was put together.
        first = 1 if spec["class_name"] in CONTAINERS else 0
        pending += [(spec, first + i, node) for i, node in enumerate(spec["inbound_nodes"])]
    while pending:
        waiting = []
        for spec, call, node in pending:
            if all((source, int(index)) in outputs for source, index, *_ in node):
                inputs = [outputs[source, int(index)][int(which)] for source, index, which, *_ in node]
                kwargs = (node[0][3] if len(node[0]) > 3 else None) or {}
                result = flavor.call(layers[spec["name"]], spec["class_name"], inputs, kwargs)
                outputs[spec["name"], call] = list(result) if isinstance(result, (list, tuple)) else [result]
            else:
                waiting.append((spec, call, node))
        if len(waiting) == len(pending):
            names = ", ".join(sorted({spec["name"] for spec, _, _ in waiting}))
            raise ValueError(f"tfjs-uan-keras: the inputs of each layer must be outputs of others; got layers in a circle: {names}")
        pending = waiting
    ends = [_tensors(config[key], outputs) for key in ("input_layers", "output_layers")]
    inputs, results = (tensors[0] if len(tensors) == 1 else tensors for tensors in ends)
    return flavor.keras.Model(inputs, results, name=config.get("name"))


def _tensors(nodes: list, outputs: dict[tuple[str, int], list[Any]]) -> list[Any]:
    # One alone may stand without a list around it.
    nodes = [nodes] if nodes and isinstance(nodes[0], str) else nodes
    return [outputs[name, int(index)][int(which)] for name, index, which, *_ in nodes]
