import { beforeAll, describe, it } from "vitest";
import { DRIVERS } from "../contracts/drivers.js";
import { MOMENTS, RESPONSIBILITIES_OF_TENSORS } from "../contracts/mixture.js";
import { onTensors } from "../contracts/mixtureDriver.js";

describe.each(DRIVERS)("mixtureResponsibilities, $name", (started) => {
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(RESPONSIBILITIES_OF_TENSORS)) it(name, () => run(onTensors(started)));
});

describe.each(DRIVERS)("mixtureMoments, $name", (started) => {
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(MOMENTS)) it(name, () => run(onTensors(started)));
});
