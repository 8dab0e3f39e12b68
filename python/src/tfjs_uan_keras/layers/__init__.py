"""The layers, without the Keras that they are of: :mod:`tfjs_uan_keras.keras3` and :mod:`tfjs_uan_keras.keras2` add it."""
