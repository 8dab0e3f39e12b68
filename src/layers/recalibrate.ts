import { dispose, keep, stack, type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkCount, normalizeAxis } from "../arguments.js";
import { TheirBatchNormalization } from "../tensorflow/layerClasses.js";
import { describeStranger } from "../tensorflow/strangers.js";
import { BatchNormalization } from "./batchNormalization.js";
import type { ChannelNormalization } from "./channelNormalization.js";
import { layersOf } from "./layersOf.js";
import { type CallArgs, countedPlaces } from "./masks.js";
import { channelMoments, type Moments, type MovingStatistics, PooledMoments, writePooled } from "./movingStatistics.js";
import { singleTensor } from "./sameShapeLayer.js";
import { Batches, type UnlabelledData } from "./unlabelled.js";

const op = "recalibrate";

type Layer = tfl.layers.Layer;
type LayerVariable = tfl.LayerVariable;

/** How far {@link recalibrate} is. */
export interface RecalibrationProgress {
  /** The layer that the pass is for, from 1 on. */
  layer: number;
  /** How many layers there are to recalibrate. */
  layers: number;
  /** The layer's name. */
  name: string;
  /** The batch that was read, from 1 on. */
  batch: number;
  /** How many batches a pass has: of tensors. A dataset does not say. */
  batches?: number;
}

/** Options of {@link recalibrate}. */
export interface RecalibrationConfig {
  /** Samples in a batch, where the data is tensors. A dataset yields batches. Default 32. */
  batchSize?: number;
  /** Called after every batch, and waited for. `() => tf.nextFrame()` lets a page draw. Default: none. */
  onBatch?: (progress: RecalibrationProgress) => void | Promise<void>;
}

/**
 * Sets the moving moments of a model's layers anew, from samples without labels: those of this package's batchNormalization,
 * mixtureNormalization and unsupervisedAdaptiveNormalization (with standardize, or with moments of the batch), and of
 * tf.layers.batchNormalization; also of frozen ones, in models inside the model, in wrappers, and of layers that are shared. It
 * helps where moving moments lag behind the weights (short training, small batches), and where the data is of another kind than in
 * training: Li, Wang, Shi, Hou, Liu, "Adaptive Batch Normalization for practical domain adaptation" (Pattern Recognition 80, 2018).
 *
 * Each layer takes one pass over the data, in the order in which the data reaches the layers, so that a layer sees what the
 * recalibrated ones before it give. The model infers (no dropout), batch by batch; batches are pooled exactly, in float64, however
 * they are cut. mixtureNormalization fits its mixture to each batch, as in training, and pools the components that are nearest. A
 * layer that the data does not reach keeps its moments; so does one whose activations are all masked.
 *
 * Nothing else of the model changes: no other weight, and nothing of the compiled model; but layers with `stateful: true` move their
 * states, as in predict. On an error the moving moments are as they were.
 *
 * @param model a model whose input shape is known
 * @param data a dataset is gone through once for each layer, and its tensors are disposed of, as tf.Model.fitDataset does
 * @returns how many layers got moments; 0 where the model has none with moving moments
 * @throws Error where the model is none of the @tensorflow/tfjs-layers that this package imports, where the data does not fit it or
 * is empty, and where activations are not finite
 */
export async function recalibrate(
  model: tfl.LayersModel,
  data: UnlabelledData,
  { batchSize = 32, onBatch }: RecalibrationConfig = {},
): Promise<number> {
  if (!(model instanceof tfl.LayersModel)) throw argumentError(op, "model", "be a layers model", describeStranger(model));
  if (!model.inputs?.length) throw argumentError(op, "model", "have a known input shape", `none in model '${model.name}'`);
  checkCount(op, "batchSize", batchSize);
  const batches = new Batches(model, data, batchSize);
  const statistics = statisticsOf(model);
  if (statistics.size === 0) return 0;
  const order: Layer[] = [];
  const backups: [LayerVariable, Tensor][] = [];
  let count = 0;
  try {
    // The first batch shows the order.
    for (let i = 0; i === 0 || i < order.length; i++) {
      const pooled = await pass(model, batches, statistics, order, i, onBatch);
      const layer = order[i];
      if (!layer || !pooled?.mass.some((mass) => mass > 0)) continue;
      checkFinite(layer, pooled);
      const moving = statistics.get(layer) as MovingStatistics;
      for (const weight of moving.weights) backups.push([weight, weight.read().clone()]);
      tidy(() => moving.set(pooled));
      count++;
    }
    return count;
  } catch (error) {
    for (const [weight, value] of backups) weight.write(value);
    throw error;
  } finally {
    for (const [, value] of backups) value.dispose();
  }
}

/** The layers of a model that have moving moments. */
function statisticsOf(model: tfl.LayersModel): Map<Layer, MovingStatistics> {
  const statistics = new Map<Layer, MovingStatistics>();
  for (const layer of layersOf(model)) {
    const { movingStatistics } = layer as Partial<ChannelNormalization>;
    const isTheirs = layer instanceof TheirBatchNormalization && !movingStatistics;
    const moving = isTheirs ? statisticsOfBatches(layer) : movingStatistics?.call(layer);
    if (moving) statistics.set(layer, moving);
  }
  return statistics;
}

/** The moments of one layer over all batches. @param order the layers that data has reached so far, in that order: it grows */
async function pass(
  model: tfl.LayersModel,
  batches: Batches,
  statistics: Map<Layer, MovingStatistics>,
  order: Layer[],
  index: number,
  onBatch: RecalibrationConfig["onBatch"],
): Promise<PooledMoments | undefined> {
  let pooled: PooledMoments | undefined;
  let batch = 0;
  for await (const inputs of batches) {
    const moments: Tensor[] = [];
    try {
      watch(model, inputs, statistics.keys(), (layer, x, kwargs) => {
        if (!order.includes(layer)) order.push(layer);
        const moving = statistics.get(layer) as MovingStatistics;
        if (layer === order[index] && x.size > 0) moments.push(keep(tidy(() => stacked(moving.measure(x, kwargs, pooled)))));
      });
      for (const tensor of moments) {
        pooled ??= new PooledMoments(tensor.size / 3);
        pooled.add(await tensor.data());
      }
    } finally {
      dispose(moments);
    }
    const layer = order[index];
    if (!layer) return undefined;
    batch++;
    const progress = { layer: index + 1, layers: order.length, name: layer.name, batch };
    await onBatch?.(batches.count === undefined ? progress : { ...progress, batches: batches.count });
  }
  if (batch === 0) throw argumentError(op, "data", "hold at least one sample", "none");
  return pooled;
}

const stacked = ({ mass, mean, variance }: Moments) => stack([mass, mean, variance]);

/** Runs a batch through a model, and tells what each layer is called with. */
function watch(
  model: tfl.LayersModel,
  inputs: Tensor[],
  layers: Iterable<Layer>,
  tell: (layer: Layer, x: Tensor, kwargs: CallArgs | null | undefined) => void,
): void {
  const watched = [...layers];
  const own = watched.map((layer) => Object.getOwnPropertyDescriptor(layer, "call"));
  try {
    for (const layer of watched) {
      const { call } = layer;
      layer.call = function (this: Layer, x, kwargs) {
        tell(layer, singleTensor(layer.name, x), kwargs);
        return call.call(this, x, kwargs);
      };
    }
    tidy(() => void model.predictOnBatch(inputs.length === 1 ? (inputs[0] as Tensor) : inputs));
  } finally {
    watched.forEach((layer, i) => {
      const before = own[i];
      if (before) Object.defineProperty(layer, "call", before);
      else Reflect.deleteProperty(layer, "call");
    });
  }
}

/** The moving moments of a batch normalization, this package's or TensorFlow.js's. */
function statisticsOfBatches(layer: InstanceType<typeof TheirBatchNormalization>): MovingStatistics {
  const { movingMean, movingVariance } = layer;
  return {
    weights: [movingMean, movingVariance],
    measure(x, kwargs) {
      const counted = layer instanceof BatchNormalization && layer.asKeras ? countedPlaces(x, kwargs) : undefined;
      return channelMoments(x, normalizeAxis(layer.name, Number(layer.axis), x.rank), counted);
    },
    set: (pooled) => writePooled({ mean: movingMean, variance: movingVariance }, pooled),
  };
}

/** @throws Error where moments are not finite */
function checkFinite({ name }: Layer, { mean, variance, size }: PooledMoments): void {
  for (let i = 0; i < size; i++) {
    if (Number.isFinite(mean[i]) && Number.isFinite(variance[i])) continue;
    const got = `a mean of ${mean[i]} and a variance of ${variance[i]}`;
    throw argumentError(op, "data", `give layer '${name}' finite activations`, got);
  }
}
