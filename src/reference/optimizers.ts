// Steps of optimizers (docs/math.md, section 7) in float64. Tests compare with it.

/** Of any step. */
export interface StepConfig {
  learningRate: number;
  weightDecay?: number;
}

export interface AdamConfig extends StepConfig {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export interface SgdConfig extends StepConfig {
  momentum?: number;
  nesterov?: boolean;
}

/** A number of a weight, and what the optimizer keeps for it. */
export interface AdamNumber {
  w: number;
  m: number;
  v: number;
}

export interface SgdNumber {
  w: number;
  /** The accumulation. */
  a: number;
}

/** @param t which step it is, from 1 on */
export function adamStep({ w, m, v }: AdamNumber, g: number, t: number, config: AdamConfig): AdamNumber {
  const { learningRate, weightDecay = 0, beta1, beta2, epsilon } = config;
  const newM = beta1 * m + (1 - beta1) * g;
  const newV = beta2 * v + (1 - beta2) * g * g;
  const direction = newM / (1 - beta1 ** t) / (Math.sqrt(newV / (1 - beta2 ** t)) + epsilon);
  return { w: w - learningRate * (weightDecay * w + direction), m: newM, v: newV };
}

export function sgdStep({ w, a }: SgdNumber, g: number, config: SgdConfig): SgdNumber {
  const { learningRate, weightDecay = 0, momentum = 0, nesterov = false } = config;
  const newA = momentum * a + g;
  const direction = nesterov ? g + momentum * newA : newA;
  return { w: w - learningRate * (weightDecay * w + direction), a: newA };
}
