import type { serialization } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { type BatchNormalizationArgs, resolveWithBatchNormalization } from "../tensorflow/layerClasses.js";

type Initializer = ReturnType<typeof tfl.initializers.zeros>;
type Regularizer = ReturnType<typeof tfl.regularizers.l2>;
type Constraint = ReturnType<typeof tfl.constraints.nonNeg>;

/** Initializers, regularizers and constraints of weights. */
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

/** The same, as tf.layers.batchNormalization's arguments name them. */
type Names = Pick<BatchNormalizationArgs, keyof Objects>;

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

/** Objects from what a user or a saved configuration names them by, and their configuration. */
function resolve<K extends keyof Objects>(keys: readonly K[], args: Pick<Names, K>): Resolved<Pick<Objects, K>> {
  const pick = (from: object): unknown => Object.fromEntries(keys.map((key) => [key, (from as Names)[key]]));
  const { objects, config } = resolveWithBatchNormalization(pick(args) as Names);
  return { objects: pick(objects) as Pick<Objects, K>, config: pick(config) as serialization.ConfigDict };
}

export const affineOf = (args: AffineArgs): Resolved<Affine> => resolve(AFFINE, args);
export const movingOf = (args: MovingArgs): Resolved<Moving> => resolve(MOVING, args);
