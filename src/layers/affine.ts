import type { serialization } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

type Initializer = ReturnType<typeof tfl.initializers.zeros>;
type Regularizer = ReturnType<typeof tfl.regularizers.l2>;
type Constraint = ReturnType<typeof tfl.constraints.nonNeg>;

/** How a weight starts, what its loss is and what it is held to. */
interface Objects {
  betaInitializer: Initializer;
  gammaInitializer: Initializer;
  movingMeanInitializer: Initializer;
  movingVarianceInitializer: Initializer;
  betaRegularizer?: Regularizer;
  gammaRegularizer?: Regularizer;
  betaConstraint?: Constraint;
  gammaConstraint?: Constraint;
}

/** The same as tf.layers.batchNormalization's arguments name them. */
type Names = Pick<NonNullable<Parameters<typeof tfl.layers.batchNormalization>[0]>, keyof Objects>;

const AFFINE = [
  "betaInitializer",
  "gammaInitializer",
  "betaRegularizer",
  "gammaRegularizer",
  "betaConstraint",
  "gammaConstraint",
] as const;
const MOVING = ["movingMeanInitializer", "movingVarianceInitializer"] as const;

/** Initializers, constraints and regularizers of gamma and beta, as tf.layers.batchNormalization has them. */
export type AffineArgs = Pick<Names, (typeof AFFINE)[number]>;
export type Affine = Pick<Objects, (typeof AFFINE)[number]>;
/** Initializers of moving mean and moving variance, as tf.layers.batchNormalization has them. */
export type MovingArgs = Pick<Names, (typeof MOVING)[number]>;
export type Moving = Pick<Objects, (typeof MOVING)[number]>;

interface Resolved<T> {
  objects: T;
  config: serialization.ConfigDict;
}

/**
 * Objects from what a user or a saved configuration names them by, and back.
 *
 * TensorFlow.js keeps the functions that do this to itself; its batch normalization, which has the same ones, is asked to.
 */
function resolve<K extends keyof Objects>(keys: readonly K[], args: Pick<Names, K>): Resolved<Pick<Objects, K>> {
  const pick = (from: object): unknown => Object.fromEntries(keys.map((key) => [key, (from as Names)[key]]));
  // A name, so that it takes no number away from the user's own layers.
  const layer = tfl.layers.batchNormalization({ ...(pick(args) as Names), name: "tfjs_uan_affine" });
  return { objects: pick(layer) as Pick<Objects, K>, config: pick(layer.getConfig()) as serialization.ConfigDict };
}

export const affineOf = (args: AffineArgs): Resolved<Affine> => resolve(AFFINE, args);
export const movingOf = (args: MovingArgs): Resolved<Moving> => resolve(MOVING, args);
