import { KAPPA2 } from "../constants";
import { accumulatorsOf, exchanged, GAIN, INVERSE, laneOf, MixtureTable, REFERENCE, SCALE, SLOT, SLOTS } from "../mixture/table";
import { OF_M, OF_P, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";

/**
 * The gradients of the parameters, out of the accumulators.
 *
 * @param at a table after uan_grad_apply
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function uan_grad_finalize(at: usize, dmean: usize, dvariance: usize, dprior: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<MixtureTable>(at);
  const channels = table.channels;
  const components = table.components;
  const priors = at + table.scratch;
  memory.fill(priors, 0, components << 3);
  for (let c: u32 = 0; c < channels; c++) {
    const lane = laneOf(table, c);
    const accumulators = accumulatorsOf(table, c);
    const scale = <f64>load<f32>(lane + SCALE);
    const reference = <u32>load<f32>(lane + REFERENCE);
    let dscale: f64 = 0;
    let others: f64 = 0;
    for (let slot: u32 = 1; slot < table.slots; slot++) others += load<f64>(accumulators + OF_SLOTS + slot * OF_SLOT + OF_P);
    store<f64>(accumulators + OF_SLOTS + OF_P, -others);
    for (let k: u32 = 0; k < components; k++) {
      const slot = exchanged(k, reference);
      const inverse = <f64>load<f32>(lane + SLOTS + slot * SLOT + INVERSE);
      const ofSlot = accumulators + OF_SLOTS + slot * OF_SLOT;
      const p = table.ucb ? 0 : load<f64>(ofSlot + OF_P);
      const ug = load<f64>(ofSlot + OF_UG);
      const out = (<usize>(k * channels + c)) << 2;
      store<f32>(dmean + out, <f32>-load<f64>(ofSlot + OF_M));
      // 1/v = inverse²/κ²
      const variance = ((load<f64>(ofSlot + OF_PTT) / KAPPA2 - p - ug) * inverse * inverse) / (2 * KAPPA2);
      store<f32>(dvariance + out, <f32>(scale * variance));
      store<f64>(priors + ((<usize>k) << 3), load<f64>(priors + ((<usize>k) << 3)) + scale * (p - 0.5 * ug));
      dscale += ug;
    }
    store<f32>(dgamma + ((<usize>c) << 2), <f32>dscale);
    store<f32>(dbeta + ((<usize>c) << 2), <f32>load<f64>(accumulators));
  }
  if (table.ucb) {
    memory.fill(dprior, 0, (<usize>components) << 2);
    return;
  }
  const lane = laneOf(table, 0);
  for (let k: u32 = 0; k < components; k++) {
    // 1/λ = κ² gain², the same in every channel
    const slot = exchanged(k, <u32>load<f32>(lane + REFERENCE));
    const gain = <f64>load<f32>(lane + SLOTS + slot * SLOT + GAIN);
    store<f32>(dprior + ((<usize>k) << 2), <f32>(load<f64>(priors + ((<usize>k) << 3)) * KAPPA2 * gain * gain));
  }
}
