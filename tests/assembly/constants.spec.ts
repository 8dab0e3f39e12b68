import { KAPPA2, MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../../assembly/constants";
import { power } from "./support";

describe("constants", () => {
  it("are what their comments say", () => {
    expect<f64>(KAPPA2).toBe(0.5 * Math.LOG2E);
    expect<f64>(MIN_VARIANCE).toBe(power(-40));
    expect<f64>(MIN_PRIOR).toBe(power(-126));
    expect<f64>(MIN_EPSILON).toBe(power(-96));
  });
});
