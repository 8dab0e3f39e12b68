"""SavedModels, and graph models of them by TensorFlow.js's own converter."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

# The converter imports these when it is imported, and uses them for other models than Keras's.
UNUSED = ("tensorflow_decision_forests", "jax", "jax.experimental", "jax.experimental.jax2tf")


def write_saved_model(model: Any, folder: str | Path) -> None:
    """Writes a SavedModel whose one signature, ``serve``, infers."""
    with redirect_stdout(io.StringIO()):
        model.export(str(folder))


def write_graph_model(model: Any, folder: str | Path) -> None:
    """Writes a graph model: tf.loadGraphModel of TensorFlow.js runs it without tfjs-uan.

    Raises:
        ImportError: the package tensorflowjs is not installed
    """
    with converters() as found, tempfile.TemporaryDirectory() as saved:
        write_saved_model(model, saved)
        found.convert_tf_saved_model(saved, str(folder), signature_def="serving_default", saved_model_tags="serve")


@contextmanager
def converters() -> Iterator[Any]:
    """TensorFlow.js's converters for Python, ``tensorflowjs.converters``."""
    # Keras looks for JAX by itself: before others stand in for it.
    import keras  # noqa: F401

    with _standing_in(UNUSED):
        try:
            from tensorflowjs import converters
        except ImportError as error:
            advice = "pip install --no-deps tensorflowjs tensorflow-hub && pip install tf_keras six packaging"
            raise ImportError(f"tfjs-uan-keras: graph models need the package tensorflowjs ({error}): {advice}") from error
        yield converters


@contextmanager
def _standing_in(names: tuple[str, ...]) -> Iterator[None]:
    """Lets modules be imported that are not installed, and whose contents nothing asks for."""
    made = []
    for name in names:
        try:
            __import__(name)
        except ImportError:
            sys.modules[name] = ModuleType(name)
            made.append(name)
            parent, _, own = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], own, sys.modules[name])
    try:
        yield
    finally:
        for name in made:
            sys.modules.pop(name, None)
