"""Models from TensorFlow.js to Keras, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .files import read_layers_model, write_layers_model

FORMATS = ("keras", "saved_model", "graph")


def load_model(path: str | Path, keras: int = 3) -> Any:
    """A Keras model of what model.save of TensorFlow.js wrote, with its weights. Optimizers are left out.

    Layers of tf.layers and of tfjs-uan, in sequential and functional models, also inside of each other.

    Args:
        path: of model.json, or of the folder that it is in
        keras: 3, or 2 for tf_keras

    Returns:
        a model of Keras, not compiled

    Raises:
        ValueError: names the layer that Keras lacks, or that computes something else there
    """
    return _loaded(path, keras, unrolls=False)


def _loaded(path: str | Path, keras: int, unrolls: bool) -> Any:
    from .flavor import Flavor
    from .topology import check_unrolled, model_of
    from .weights import assign

    source = read_layers_model(path)
    if unrolls:
        check_unrolled(source.topology)
    model = model_of(source.topology, Flavor(keras, unrolls))
    if not model.built:
        raise ValueError(f"tfjs-uan-keras: model {model.name!r}: its first layer must say the shape of the input; got none")
    assign(model, source)
    return model


def save_model(model: Any, source: str | Path, folder: str | Path) -> None:
    """Brings a model back: a layers model of TensorFlow.js, of the topology that it came from, with the weights that it has now.

    Args:
        model: what :func:`load_model` gave, trained since; or the same from a .keras file
        source: model.json that it came from
        folder: gets model.json and weights.bin
    """
    from .weights import values

    original = read_layers_model(source)
    write_layers_model(original, values(model, original), folder)


def convert(source: str | Path, target: str | Path, format: str | None = None, keras: int = 3) -> None:
    """Converts what model.save of TensorFlow.js wrote.

    Args:
        source: model.json
        target: a file that ends in .keras, or a folder
        format: "keras" (default where the target ends in .keras), "saved_model" (else), or "graph": a graph model for
            tf.loadGraphModel of TensorFlow.js, which needs the package tensorflowjs; recurrent layers are unrolled, and need sequences
            of a known length
        keras: 3 (default), or 2 for tf_keras. A graph model of Keras 2 whose LayerNormalization is fused needs tfjs-uan
    """
    format = format or ("keras" if str(target).endswith(".keras") else "saved_model")
    if format not in FORMATS:
        raise ValueError(f"tfjs-uan-keras: format must be one of {', '.join(FORMATS)}; got {format!r}")
    from .graph import write_graph_model, write_saved_model

    model = _loaded(source, keras, unrolls=format == "graph")
    if format == "keras":
        model.save(str(target))
    elif format == "saved_model":
        write_saved_model(model, target)
    else:
        write_graph_model(model, target)
