import {
  add,
  all,
  any,
  equal,
  greater,
  keep,
  logicalAnd,
  mul,
  reshape,
  sqrt,
  type Tensor,
  tile,
  where,
  zeros,
} from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { isRecording } from "../tensorflow/tape.js";
import { type Assignment, watchWeight } from "../tensorflow/weights.js";
import { Gathering } from "./gathering.js";
import type { MovingMoments } from "./moving.js";
import { type MixtureWeights, rawVariance, type Start, spread } from "./parameters.js";

/**
 * The initializer "data": sets a mixture from the first activations that training shows, batch after batch, until there are enough.
 * It leaves weights alone that are not as build made them (loaded ones), and ends where the weights get values from anywhere but
 * itself and an optimizer. Nothing is read back from the device. Moving moments [K, C] start as the mixture's.
 */
export class DataStart {
  private readonly gathering = new Gathering();
  /** Whether the weights were as build made them when the first batch came, a boolean tensor. */
  private fresh?: Tensor | undefined;
  private stopWatching = () => {};
  private ended = false;

  constructor(
    private readonly weights: MixtureWeights,
    private readonly start: Start,
    private readonly moving?: Pick<MovingMoments, "mean" | "variance">,
  ) {}

  /** Whether there is nothing left to do. */
  get done(): boolean {
    return this.ended || this.gathering.done;
  }

  /** Sets the mixture from all activations so far. @param counted as countedPlaces has it */
  add(x: Tensor, axis: number, counted: Tensor | undefined): void {
    const { mean, variance, prior } = this.weights;
    const [components, channels] = mean.shape as [number, number];
    const moments = this.gathering.add(x, axis, counted);
    this.fresh ??= keep(this.isFresh());
    const isKnown = logicalAnd(this.fresh, greater(moments.count, 0));
    const set = (weight: LayerVariable, value: Tensor, condition: Tensor) => weight.write(where(condition, value, weight.read()));
    const means = add(moments.mean, mul(sqrt(moments.variance), spread(components, channels)));
    const ofAll = (row: Tensor) => tile(reshape(row, [1, channels]), [components, 1]);
    set(mean, means, isKnown);
    set(variance, ofAll(rawVariance(moments.variance)), isKnown);
    if (this.moving) {
      set(this.moving.mean, means, isKnown);
      set(this.moving.variance, ofAll(moments.variance), isKnown);
    }
    set(prior, zeros(prior.shape as [number, number]), any(isKnown));
  }

  /** Runs what writes to the weights on behalf of their layer, and takes all else that does, from then on, for the end. */
  duringOwnWrites(write: () => void): void {
    this.stopWatching();
    write();
    if (this.done) this.dispose();
    else this.watch();
  }

  private watch(): void {
    const weights = Object.values(this.weights);
    // After a call that is recorded an optimizer may come, and assigns once to each weight that is trained.
    const expected = new Set(isRecording() ? weights.filter(({ trainable }) => trainable) : []);
    const tell = (weight: LayerVariable, how: Assignment) => {
      if (how === "write" || !expected.delete(weight)) this.dispose();
    };
    const ends = weights.map((weight) => watchWeight(weight, (how) => tell(weight, how)));
    this.stopWatching = () => {
      for (const end of ends) end();
    };
  }

  /** Whether the weights still are what build made them, as a boolean tensor. */
  private isFresh(): Tensor {
    const names = ["mean", "variance", "prior"] as const;
    const untouched = names.map((name) => all(equal(this.weights[name].read(), this.start[name]())));
    return untouched.reduce((a, b) => logicalAnd(a, b));
  }

  dispose(): void {
    this.ended = true;
    this.stopWatching();
    this.stopWatching = () => {};
    this.gathering.dispose();
    this.fresh?.dispose();
    this.fresh = undefined;
  }
}
