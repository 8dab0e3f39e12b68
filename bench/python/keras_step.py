"""Times a training step of the CNN of `npm run bench -- step` in Keras, on one thread.

Usage: python3 bench/python/keras_step.py [--seconds N] [--batch N ...] [--normalization none|BN|UAN|UAN-unrolled ...]

It needs TensorFlow 2 with Keras: pip install tensorflow-cpu. UAN is composed of TensorFlow's operations: K = 3, standardize, a
prior mass of 2, as the library's layer is by default. Prints a line for each network: median and minimum of the wall time and of
the processor time of a step, in milliseconds, and the loss after five steps.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import tensorflow as tf

COMPONENTS = 3
EPSILON = 1e-3
PRIOR_MASS = 2.0
MEMORY = 96.0
CLASSES = 10
WARM_UP_STEPS = 5


class UnsupervisedAdaptiveNormalization(tf.keras.layers.Layer):
    """docs/math.md, sections 2 and 2.5, channels last."""

    def build(self, shape):
        channels = shape[-1]
        start = np.tile(np.linspace(-1, 1, COMPONENTS, dtype=np.float32)[:, None], (1, channels))
        self.mean = self.add_weight("mean", [COMPONENTS, channels], initializer=tf.constant_initializer(start))
        self.variance = self.add_weight("variance", [COMPONENTS, channels], initializer=tf.constant_initializer(0.5413))
        self.prior = self.add_weight("prior", [COMPONENTS, 1], initializer="zeros")
        self.moving_mean = self.add_weight("moving_mean", [channels], initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight("moving_variance", [channels], initializer="ones", trainable=False)

    def standardize(self, x):
        axes = list(range(x.shape.rank - 1))
        mean, variance = tf.nn.moments(x, axes)
        count = tf.cast(tf.size(x) / tf.shape(x)[-1], tf.float32)
        share = count / (count + PRIOR_MASS)
        center = share * mean + (1 - share) * self.moving_mean
        spread = share * (variance + tf.square(mean - center)) + (1 - share) * (
            self.moving_variance + tf.square(self.moving_mean - center)
        )
        samples = tf.cast(tf.shape(x)[0], tf.float32)
        moved = samples / (samples + MEMORY)
        self.moving_mean.assign_add(moved * (mean - self.moving_mean))
        self.moving_variance.assign_add(moved * (variance - self.moving_variance))
        return (x - center) * tf.math.rsqrt(spread + EPSILON)

    def call(self, x):
        z = tf.expand_dims(self.standardize(x), -2)
        prior = tf.nn.softmax(self.prior, axis=0)
        variance = tf.nn.softplus(self.variance) + EPSILON
        scaled = (z - self.mean) * tf.math.rsqrt(variance)
        responsibilities = tf.nn.softmax(tf.math.log(prior) - 0.5 * tf.math.log(variance) - 0.5 * tf.square(scaled), axis=-2)
        return tf.reduce_sum(responsibilities * scaled * tf.math.rsqrt(prior), axis=-2)


class Unrolled(UnsupervisedAdaptiveNormalization):
    """The same without an axis of components, which TensorFlow computes in less time."""

    def call(self, x):
        z = self.standardize(x)
        prior = tf.nn.softmax(self.prior[:, 0])
        variance = tf.nn.softplus(self.variance) + EPSILON
        scaled = [(z - self.mean[k]) * tf.math.rsqrt(variance[k]) for k in range(COMPONENTS)]
        log_density = [
            tf.math.log(prior[k]) - 0.5 * tf.math.log(variance[k]) - 0.5 * tf.square(scaled[k]) for k in range(COMPONENTS)
        ]
        largest = tf.stop_gradient(tf.maximum(tf.maximum(log_density[0], log_density[1]), log_density[2]))
        density = [tf.exp(value - largest) for value in log_density]
        weighted = sum(density[k] * scaled[k] * tf.math.rsqrt(prior[k]) for k in range(COMPONENTS))
        return weighted / sum(density)


NORMALIZATIONS = {
    "none": lambda: [],
    "BN": lambda: [tf.keras.layers.BatchNormalization()],
    "UAN": lambda: [UnsupervisedAdaptiveNormalization()],
    "UAN-unrolled": lambda: [Unrolled()],
}


def make_model(normalization):
    layers = [tf.keras.layers.InputLayer((28, 28, 1))]
    for filters in (32, 64):
        layers.append(tf.keras.layers.Conv2D(filters, 3, padding="same"))
        layers.extend(NORMALIZATIONS[normalization]())
        layers.append(tf.keras.layers.ReLU())
    layers += [
        tf.keras.layers.MaxPooling2D(2),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(CLASSES, activation="softmax"),
    ]
    model = tf.keras.Sequential(layers)
    model.compile(optimizer=tf.keras.optimizers.Adam(), loss="categorical_crossentropy")
    return model


def measure(normalization, batch, seconds):
    tf.keras.utils.set_random_seed(1)
    model = make_model(normalization)
    x = tf.random.normal([batch, 28, 28, 1])
    y = tf.one_hot(tf.range(batch) % CLASSES, CLASSES)
    step = lambda: model.train_on_batch(x, y)
    for _ in range(WARM_UP_STEPS):
        loss = step()
    walls, processors = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(walls) < 5:
        wall, processor = time.perf_counter(), time.process_time()
        step()
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    figures = [f"{statistics.median(times):.2f} (minimum {min(times):.2f})" for times in (walls, processors)]
    name = f"CNN{'' if normalization == 'none' else f', {normalization}'}, batch {batch}"
    print(f"{name}: {figures[0]} ms, processor time {figures[1]} ms, loss {loss:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 128])
    parser.add_argument("--normalization", choices=NORMALIZATIONS, nargs="+", default=list(NORMALIZATIONS))
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}, one thread")
    for normalization in options.normalization:
        for batch in options.batch:
            measure(normalization, batch, options.seconds)


main()
