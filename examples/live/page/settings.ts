import { BACKENDS, BATCH_SIZES, type Backend, DEFAULTS, MAX_COMPONENTS, type Settings } from "../protocol.js";
import { fillSelect, input, select } from "./dom.js";

const MAX_SEED = 999;

/** The controls that say how the networks are made. */
export class SettingsForm {
  private readonly components = input("components");
  private readonly batchSize = select("batch-size");
  private readonly seed = input("seed");
  private readonly backend = select("backend");

  /** @param changed is called where the visitor has changed something: with whether that is the backend */
  constructor(changed: (isBackend: boolean) => void) {
    const sizes = BATCH_SIZES.map((size) => ({ value: String(size), text: String(size) }));
    fillSelect(this.batchSize, sizes, String(DEFAULTS.batchSize));
    this.components.value = String(DEFAULTS.components);
    this.components.max = String(MAX_COMPONENTS);
    this.seed.value = String(DEFAULTS.seed);
    const asked = new URLSearchParams(location.search).get("backend");
    this.backend.value = BACKENDS.find((name) => name === asked) ?? DEFAULTS.backend;
    for (const control of [this.components, this.batchSize, this.seed, this.backend]) {
      control.addEventListener("change", () => changed(control === this.backend));
    }
  }

  /** What the controls say. Numbers that they cannot have become the nearest ones. */
  read(): Settings {
    const within = (control: HTMLInputElement, least: number, most: number, usual: number) => {
      const number = Number.isFinite(control.valueAsNumber) ? Math.round(control.valueAsNumber) : usual;
      control.value = String(Math.min(most, Math.max(least, number)));
      return Number(control.value);
    };
    return {
      components: within(this.components, 1, MAX_COMPONENTS, DEFAULTS.components),
      batchSize: Number(this.batchSize.value),
      seed: within(this.seed, 0, MAX_SEED, DEFAULTS.seed),
      backend: this.backend.value as Backend,
    };
  }

  showComponents(components: number): void {
    this.components.value = String(components);
  }
}
