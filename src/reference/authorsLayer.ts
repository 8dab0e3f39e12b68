// What the authors' published Keras layer UnsupervisedAdaptiveNormalization computes (docs/math.md, section 2.8), in float64, formula
// by formula. Tests compare with it.

/** x as [samples, space, channels]; mean and variance [K, C]. */
export interface AuthorsProblem {
  samples: number;
  space: number;
  channels: number;
  components: number;
  epsilon: number;
  x: ArrayLike<number>;
  mean: ArrayLike<number>;
  variance: ArrayLike<number>;
}

/** y. The softmax of each prior, over an axis of its own, is 1. */
export function authorsLayer({ samples, space, channels, components, epsilon, x, mean, variance }: AuthorsProblem): Float64Array {
  const lambda = 1;
  const at = (values: ArrayLike<number>, i: number) => values[i] as number;
  const place = (sample: number, position: number, channel: number) => (sample * space + position) * channels + channel;
  const y = new Float64Array(x.length);
  for (let c = 0; c < channels; c++) {
    const densities = (value: number) =>
      Array.from({ length: components }, (_, k) => {
        const v = at(variance, k * channels + c) + epsilon;
        return lambda * Math.exp(-((value - at(mean, k * channels + c)) ** 2) / (2 * v));
      });
    const tau = (value: number, k: number) => {
      const p = densities(value);
      return at(p, k) / (p.reduce((a, b) => a + b, 0) + epsilon);
    };
    for (let k = 0; k < components; k++) {
      let mass = 0;
      for (let n = 0; n < samples; n++) for (let s = 0; s < space; s++) mass += tau(at(x, place(n, s, c)), k);
      for (let n = 0; n < samples; n++) {
        let [center, spread] = [0, 0];
        for (let s = 0; s < space; s++) {
          const value = at(x, place(n, s, c));
          const share = tau(value, k) / (mass + epsilon);
          center += (share * value) / space;
          spread += (share * (share * value) ** 2) / space;
        }
        for (let s = 0; s < space; s++) {
          const i = place(n, s, c);
          const normalized = (at(x, i) - center) / Math.sqrt(spread + epsilon);
          y[i] = at(y, i) + (tau(at(x, i), k) / Math.sqrt(lambda + epsilon)) * normalized;
        }
      }
    }
  }
  return y;
}
