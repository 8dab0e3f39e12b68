"""The formulas of docs/math.md, once for Keras 3 and for Keras 2.

Every function takes ``ops`` first: ``keras.ops``, or what :mod:`tfjs_uan_keras.tf_ops` has of it for TensorFlow. All is differentiable
as it stands, twice; ``stop_gradient`` marks what docs/math.md calls a constant.

Parameters of a mixture, [K, C], broadcast as [K, 1, …, C, …, 1] against activations of any rank: see :class:`View`.
"""
