import type { serialization } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

/** What tf.layers.batchNormalization's own arguments call a variable's initializer, constraint and regularizer. */
export type AffineArgs = Pick<
  NonNullable<Parameters<typeof tfl.layers.batchNormalization>[0]>,
  | "betaInitializer"
  | "gammaInitializer"
  | "betaConstraint"
  | "gammaConstraint"
  | "betaRegularizer"
  | "gammaRegularizer"
  | "movingMeanInitializer"
  | "movingVarianceInitializer"
>;

const NAMES: ReadonlyArray<keyof AffineArgs> = [
  "betaInitializer",
  "gammaInitializer",
  "movingMeanInitializer",
  "movingVarianceInitializer",
  "betaConstraint",
  "gammaConstraint",
  "betaRegularizer",
  "gammaRegularizer",
];

type Initializer = ReturnType<typeof tfl.initializers.zeros>;
type Regularizer = ReturnType<typeof tfl.regularizers.l2>;
type Constraint = ReturnType<typeof tfl.constraints.nonNeg>;

/** The same, as objects. */
export interface Affine {
  betaInitializer: Initializer;
  gammaInitializer: Initializer;
  movingMeanInitializer: Initializer;
  movingVarianceInitializer: Initializer;
  betaConstraint?: Constraint;
  gammaConstraint?: Constraint;
  betaRegularizer?: Regularizer;
  gammaRegularizer?: Regularizer;
}

/**
 * Initializers, constraints and regularizers from what a user or a saved configuration names them by, and back.
 *
 * TensorFlow.js keeps the functions that do this to itself; its batch normalization, which has the same ones, is asked to.
 */
export function affineOf(args: AffineArgs): { affine: Affine; config: serialization.ConfigDict } {
  const picked = Object.fromEntries(NAMES.map((name) => [name, args[name]]));
  // A name, so that it takes no number away from the user's own layers.
  const layer = tfl.layers.batchNormalization({ ...picked, name: "tfjs_uan_affine" });
  const all = layer.getConfig();
  const config = Object.fromEntries(NAMES.map((name) => [name, all[name]])) as serialization.ConfigDict;
  return { affine: layer as unknown as Affine, config };
}
