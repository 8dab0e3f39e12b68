import { KINDS, mapEach, type OfEach, type Progress } from "../protocol.js";
import { movingMeans, thinned } from "../smooth.js";
import type { Point } from "./charts.js";

/** A curve is the mean of so many steps, and has at most so many points. */
const WINDOW = 20;
const POINTS = 300;

const empty = (): OfEach<Point[]> => ({ uan: [], batch: [], none: [] });

/** What the networks' steps have come to. */
export class TrainingHistory {
  private losses = empty();
  private accuracies = empty();
  last?: Progress;

  add(progress: Progress): void {
    this.last = progress;
    for (const kind of KINDS) {
      this.losses[kind].push({ x: progress.step, y: progress.losses[kind] });
      if (progress.accuracies) this.accuracies[kind].push({ x: progress.step, y: progress.accuracies[kind] });
    }
  }

  clear(): void {
    this.losses = empty();
    this.accuracies = empty();
    this.last = undefined;
  }

  /** The losses' moving means. */
  get lossCurves(): OfEach<Point[]> {
    return mapEach(this.losses, (points) => {
      const means = movingMeans(
        points.map(({ y }) => y),
        WINDOW,
      );
      return thinned(points.length, POINTS).map((i) => ({ x: (points[i] as Point).x, y: means[i] as number }));
    });
  }

  get accuracyCurves(): OfEach<Point[]> {
    return mapEach(this.accuracies, (points) => thinned(points.length, POINTS).map((i) => points[i] as Point));
  }

  get lastAccuracies(): OfEach<number | undefined> {
    return mapEach(this.accuracies, (points) => points.at(-1)?.y);
  }

  get lastLosses(): OfEach<number | undefined> {
    return mapEach(this.lossCurves, (points) => points.at(-1)?.y);
  }
}
