import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  layerNormalization,
  mixtureMoments,
  mixtureResponsibilities,
  unsupervisedAdaptiveNormalization,
} from "tfjs-uan";
import { startPageBackend } from "../../runtimes/pageBackend.js";
import { type CaseOptions, makeCase } from "../helpers/problems.js";

// In a page: puts functions that run the library on 'webgl' on globalThis.

export interface Computed {
  y: number[];
  /** Of x, mean, variance, prior, gamma and beta. */
  gradients: number[][];
}

interface Drawing {
  runWebGLProgram(...call: unknown[]): unknown;
}

/** Starts the backend. @param flags of TensorFlow.js */
async function start(flags: { [name: string]: boolean | number }): Promise<void> {
  for (const name in flags) tf.env().set(name, flags[name] as number);
  await startPageBackend("webgl");
  tf.env().set("WEBGL_CPU_FORWARD", false);
}

/** Counts the draws of a call, when all programs and inputs are on the GPU. */
function drawsOf(call: () => void): number {
  const backend = tf.backend() as unknown as Drawing;
  const { runWebGLProgram } = backend;
  let count = 0;
  tf.tidy(call);
  backend.runWebGLProgram = (...call) => {
    count++;
    return runWebGLProgram.apply(backend, call);
  };
  try {
    tf.tidy(call);
  } finally {
    Reflect.deleteProperty(backend, "runWebGLProgram");
  }
  return count;
}

type Inputs = [x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor];

const uan = (...[x, mean, variance, prior, gamma, beta]: Inputs) =>
  unsupervisedAdaptiveNormalization(x, mean, variance, prior, { gamma, beta });

/** How many draws calls take. @param components of the mixture */
function draws(components: number): { [call: string]: number } {
  return tf.tidy(() => {
    const mixture = [tf.ones([components, 4]), tf.ones([components, 4]), tf.fill([components], 1 / components)] as const;
    const x = tf.randomNormal([300, 4]);
    const [gamma, beta, dy] = [tf.ones([4]), tf.ones([4]), tf.ones([300, 4])];
    const all: Inputs = [x, ...mixture, gamma, beta];
    const affine = (f: (x: tf.Tensor, options: { gamma: tf.Tensor; beta: tf.Tensor }) => tf.Tensor) => () =>
      void tf.grads((x, gamma, beta) => f(x, { gamma: gamma as tf.Tensor, beta: beta as tf.Tensor }))([x, gamma, beta], dy);
    const calls = {
      uan: () => uan(...all),
      "uan, with gradients": () => void tf.grads(uan as (...inputs: tf.Tensor[]) => tf.Tensor)(all, dy),
      "uan without gamma, with gradients": () =>
        void tf.grads((x) => unsupervisedAdaptiveNormalization(x as tf.Tensor, ...mixture))([x], dy),
      standardize: () => unsupervisedAdaptiveNormalization(x, ...mixture, { standardize: true }),
      batchNormalization: () => batchNormalization(x, { gamma, beta }),
      "batchNormalization, with gradients": affine(batchNormalization),
      "batchNormalization, inference": () => batchNormalization(x, { mean: beta, variance: gamma, gamma, beta }),
      layerNormalization: () => layerNormalization(x, { gamma, beta }),
      "layerNormalization, with gradients": affine(layerNormalization),
      responsibilities: () => mixtureResponsibilities(x, ...mixture),
      moments: () => mixtureMoments(x, ...mixture),
    };
    return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, drawsOf(call)]));
  });
}

/** How inputs are before the call: x and dy as another operation's output, or all of them as uploaded. */
export type Textures = "packed" | "unpacked" | "reshaped" | "sliced" | "uploaded";

function textured(values: Float32Array, shape: number[], textures: Textures): tf.Tensor {
  const given = tf.tensor(values, shape);
  if (textures === "uploaded") return given;
  const isPacked = textures === "packed" || textures === "reshaped";
  tf.env().set("WEBGL_PACK_BINARY_OPERATIONS", isPacked);
  try {
    if (textures === "reshaped") return tf.reshape(tf.add(tf.reshape(given, [-1]), 0), shape);
    if (textures !== "sliced") return tf.add(given, 0);
    const [first] = shape as [number];
    return tf.slice(tf.add(tf.concat([tf.zerosLike(given), given]), 0), first);
  } finally {
    tf.env().set("WEBGL_PACK_BINARY_OPERATIONS", true);
  }
}

/** y and its gradients. @param digits of a number's fraction in binary, that all inputs are rounded to. Default: as many as there are */
async function compute(options: CaseOptions, textures: Textures, digits?: number): Promise<Computed> {
  const { shape, axis, x, mean, variance, prior, components, channels, epsilon } = makeCase(options);
  const rounded = (values: ArrayLike<number>) =>
    Float32Array.from(values, (value) => (digits === undefined ? value : Math.round(value * 2 ** digits) / 2 ** digits));
  const results = tf.tidy(() => {
    const of = [components, channels];
    const inputs = [
      textured(rounded(x), shape, textures),
      textured(rounded(mean), of, textures),
      textured(rounded(variance), of, textures),
      textured(rounded(prior), [components], textures),
      textured(rounded(Array.from({ length: channels }, (_, c) => 1 + 0.25 * Math.sin(c))), [channels], textures),
    ];
    const dy = textured(rounded(Array.from({ length: x.length }, (_, i) => Math.cos(i * i))), shape, textures);
    const f = (...[x, mean, variance, prior, gamma]: tf.Tensor[]) =>
      unsupervisedAdaptiveNormalization(x as tf.Tensor, mean as tf.Tensor, variance as tf.Tensor, prior as tf.Tensor, {
        axis,
        epsilon,
        gamma: gamma as tf.Tensor,
      });
    return [f(...inputs), ...tf.grads(f)(inputs, dy)];
  });
  const [y, ...gradients] = await Promise.all(results.map(async (result) => Array.from(await result.data())));
  tf.dispose(results);
  return { y: y as number[], gradients };
}

/** A flag of TensorFlow.js. */
const setFlag = (name: string, value: number) => tf.env().set(name, value);

/** How many tensors there are, on the backend, too. */
const counts = () => ({ tensors: tf.memory().numTensors, onBackend: tf.backend().numDataIds() });

const functions = { start, draws, compute, setFlag, counts };
export type Functions = typeof functions;

Object.assign(globalThis, functions);
