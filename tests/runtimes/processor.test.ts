import { expect, it } from "vitest";
import { processorOf, processorText } from "../../runtimes/processor.js";

const core = (model: string, speed = 0) => ({ model, speed });

const X86 = `processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: 2
model name\t: AMD EPYC
cpu MHz\t\t: 2596.098

processor\t: 1
cpu family\t: 6
cpu MHz\t\t: 1000.000
`;

const ARM = `processor\t: 0
BogoMIPS\t: 243.75
CPU implementer\t: 0x41
CPU architecture: 8
CPU part\t: 0xd40
`;

it.each([
  [
    "a name that says nothing",
    [core("AMD EPYC "), core("AMD EPYC ")],
    X86,
    "2 cores of AMD EPYC (cpu family 26, model 2, 2.6 GHz)",
  ],
  ["a name that says the model", [core("AMD EPYC 9R14")], X86, "1 core of AMD EPYC 9R14 (2.6 GHz)"],
  [
    "a number that is only the frequency",
    [core("Intel(R) Xeon(R) CPU @ 2.20GHz")],
    X86,
    "1 core of Intel(R) Xeon(R) CPU @ 2.20GHz (cpu family 26, model 2, 2.6 GHz)",
  ],
  ["a frequency that Node.js knows", [core("Apple M1", 2400)], "", "1 core of Apple M1 (2.4 GHz)"],
  ["Arm", [core("unknown")], ARM, "1 core of unknown (CPU implementer 0x41, CPU part 0xd40)"],
  ["nothing", [], "", "0 cores of unknown"],
])("%s", (_, cores, cpuInfo, text) => {
  expect(processorText(processorOf(cores, cpuInfo))).toBe(text);
});
