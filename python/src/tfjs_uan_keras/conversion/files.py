"""The files of a layers model of TensorFlow.js: model.json and its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "|b1", "uint8": "|u1", "uint16": "<u2", "float16": "<f2"}


@dataclass(frozen=True)
class LayersModel:
    """What model.json and its weights hold; an optimizer's weights are left out.

    Attributes:
        topology: class name and configuration, as Keras 2 has them
        weights: float32 arrays (int32 and Boolean ones stay), by TensorFlow.js's names, in the order of the file
        json: the whole of model.json
    """

    topology: dict[str, Any]
    weights: dict[str, np.ndarray]
    json: dict[str, Any]


def _decoded(spec: dict[str, Any], data: bytes, at: int) -> tuple[np.ndarray, int]:
    """An array, of the bytes from ``at`` on; and how many they are."""
    quantization = spec.get("quantization")
    dtype = quantization["dtype"] if quantization else spec["dtype"]
    if dtype not in DTYPES:
        raise ValueError(f"tfjs-uan-keras: weight {spec['name']!r}: its dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    count = int(np.prod(spec["shape"], dtype=np.int64))
    size = count * np.dtype(DTYPES[dtype]).itemsize
    if at + size > len(data):
        raise ValueError(f"tfjs-uan-keras: weight {spec['name']!r}: wanted {size} bytes from byte {at} on; got {len(data)} in all")
    values = np.frombuffer(data, DTYPES[dtype], count, at).reshape(spec["shape"])
    if quantization:
        values = values.astype("float32")
        if "scale" in quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
    return values, size


def read_layers_model(path: str | Path) -> LayersModel:
    """Reads what model.save of TensorFlow.js wrote.

    Args:
        path: of model.json, or of the folder that it is in

    Raises:
        ValueError: it is not a layers model, or its weights are not all there
    """
    path = Path(path)
    path = path / "model.json" if path.is_dir() else path
    model = json.loads(path.read_text("utf-8"))
    topology = model.get("modelTopology")
    if not isinstance(topology, dict) or model.get("format") == "graph-model" or "node" in topology:
        found = f"format {model.get('format')!r}" if isinstance(topology, dict) else "no modelTopology"
        raise ValueError(f"tfjs-uan-keras: {path}: must be a layers model, as model.save writes it; got {found}")
    # Converters wrap it.
    topology = topology.get("model_config", topology)
    weights: dict[str, np.ndarray] = {}
    for group in model.get("weightsManifest") or []:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        at = 0
        for spec in group["weights"]:
            values, size = _decoded(spec, data, at)
            at += size
            if spec.get("group") == "optimizer":
                continue
            if spec["name"] in weights:
                raise ValueError(f"tfjs-uan-keras: {path}: weights must have different names; got {spec['name']!r} twice")
            weights[spec["name"]] = values
    return LayersModel(topology, weights, model)


def write_layers_model(source: LayersModel, weights: dict[str, np.ndarray], folder: str | Path) -> None:
    """Writes a layers model of the same topology with other weights, without an optimizer.

    Args:
        weights: an array of the same shape for each of the source's
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(weights[name], np.float32) for name in source.weights}
    specs = [{"name": name, "shape": list(array.shape), "dtype": "float32"} for name, array in arrays.items()]
    kept = {key: value for key, value in source.json.items() if key not in ("trainingConfig", "weightsManifest")}
    manifest = [{"paths": ["weights.bin"], "weights": specs}]
    text = json.dumps({**kept, "convertedBy": "tfjs-uan-keras", "weightsManifest": manifest})
    (folder / "model.json").write_text(text, "utf-8")
    (folder / "weights.bin").write_bytes(b"".join(array.tobytes() for array in arrays.values()))
