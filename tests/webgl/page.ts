import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  layerNormalization,
  mixtureMoments,
  mixtureNormalization,
  mixtureResponsibilities,
  unsupervisedAdaptiveNormalization,
} from "tfjs-uan";
import { startPageBackend } from "../../runtimes/pageBackend.js";
import { type CaseOptions, makeCase } from "../helpers/problems.js";

// In a page: puts functions that run the library on 'webgl' on globalThis.

export interface Computed {
  y: number[];
  /** Of what the call has gradients of. */
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

/** What mixtureNormalization runs to fit a mixture. */
const emStep = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor) =>
  void tf.engine().runKernel("MixtureNormEStep", { x, mean, variance, prior }, { epsilon: 1e-3, moments: true });

/** How many draws calls take. @param components of the mixture @param only the call's name. Default: all */
function draws(components: number, only?: string): { [call: string]: number } {
  return tf.tidy(() => {
    const mixture = [tf.ones([components, 4]), tf.ones([components, 4]), tf.fill([components], 1 / components)] as const;
    const [mean, variance, prior] = mixture;
    const given = { mean, variance, prior };
    const ofChannels = tf.fill([4], 0.5);
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
      "moments of the batch": () => unsupervisedAdaptiveNormalization(x, ...mixture, { moments: "batch" }),
      "moments of the batch, with gradients": () =>
        void tf.grads((x) => unsupervisedAdaptiveNormalization(x as tf.Tensor, ...mixture, { moments: "batch" }) as tf.Tensor)(
          [x],
          dy,
        ),
      batchNormalization: () => batchNormalization(x, { gamma, beta }),
      "batchNormalization, with gradients": affine(batchNormalization),
      "batchNormalization, inference": () => batchNormalization(x, { mean: beta, variance: gamma, gamma, beta }),
      "batchNormalization, inference, with gradients": affine((x, { gamma, beta }) =>
        batchNormalization(x, { mean: ofChannels, variance: ofChannels, gamma, beta }),
      ),
      layerNormalization: () => layerNormalization(x, { gamma, beta }),
      "layerNormalization, with gradients": affine(layerNormalization),
      "mixtureNormalization of a given mixture": () => mixtureNormalization(x, { mixture: given, gamma, beta }),
      "mixtureNormalization of a given mixture, with gradients": affine((x, options) =>
        mixtureNormalization(x, { mixture: given, ...options }),
      ),
      "an EM step": () => emStep(x, ...mixture),
      responsibilities: () => mixtureResponsibilities(x, ...mixture),
      moments: () => mixtureMoments(x, ...mixture),
    };
    const wanted = Object.entries(calls).filter(([name]) => only === undefined || name === only);
    return Object.fromEntries(wanted.map(([name, call]) => [name, drawsOf(call)]));
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

type Given = Record<"x" | "mean" | "variance" | "prior" | "gamma", tf.Tensor>;

/** A call of x, a mixture and gamma, and of which of these it has gradients. */
interface GivenCall {
  of: (keyof Given)[];
  run(given: Given, options: { axis: number; epsilon: number }): tf.Tensor;
}

const CALLS = {
  uan: {
    of: ["x", "mean", "variance", "prior", "gamma"],
    run: ({ x, mean, variance, prior, gamma }, options) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...options, gamma }),
  },
  "moments of the batch": {
    of: ["x", "mean", "variance", "prior", "gamma"],
    run: ({ x, mean, variance, prior, gamma }, options) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...options, gamma, moments: "batch" }),
  },
  "batchNormalization, inference": {
    of: ["x", "mean", "variance", "gamma"],
    run: ({ x, mean, variance, gamma }, options) =>
      batchNormalization(x, { ...options, gamma, mean: tf.mean(mean, 0), variance: tf.mean(variance, 0) }),
  },
  mixtureNormalization: {
    of: ["x", "gamma"],
    run: ({ x, mean, variance, prior, gamma }, options) =>
      mixtureNormalization(x, { ...options, gamma, mixture: { mean, variance, prior } }),
  },
} satisfies Record<string, GivenCall>;
export type CallName = keyof typeof CALLS;

/** y and its gradients. @param digits of a number's fraction in binary, that all inputs are rounded to. Default: as many as there are */
async function compute(name: CallName, options: CaseOptions, textures: Textures, digits?: number): Promise<Computed> {
  const { shape, axis, x, mean, variance, prior, components, channels, epsilon } = makeCase(options);
  const call: GivenCall = CALLS[name];
  const made = (values: ArrayLike<number>, shape: number[]) =>
    textured(
      Float32Array.from(values, (value) => (digits === undefined ? value : Math.round(value * 2 ** digits) / 2 ** digits)),
      shape,
      textures,
    );
  const results = tf.tidy(() => {
    const of = [components, channels];
    const gamma = Array.from({ length: channels }, (_, c) => 1 + 0.25 * Math.sin(c));
    const given: Given = {
      x: made(x, shape),
      mean: made(mean, of),
      variance: made(variance, of),
      prior: made(prior, [components]),
      gamma: made(gamma, [channels]),
    };
    const dy = made(
      Array.from({ length: x.length }, (_, i) => Math.cos(i * i)),
      shape,
    );
    const f = (...inputs: tf.Tensor[]) =>
      call.run({ ...given, ...Object.fromEntries(call.of.map((name, i) => [name, inputs[i]])) }, { axis, epsilon });
    const inputs = call.of.map((name) => given[name]);
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
