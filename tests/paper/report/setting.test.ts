import { describe, expect, it } from "vitest";
import { scaleText } from "../../../paper/report/scale.js";
import { settingText } from "../../../paper/report/setting.js";
import { everything, results, run, SHIFTED, seeds } from "./madeUp.js";

const NARROW = "8, 16, 16 and 32 channels (in the place of 64, 128, 128 and 256)";

describe("settingText", () => {
  it("describes data, networks and training", () => {
    expect(settingText([...seeds({ learningRate: 0.005, method: "mn" }, [1, 1]), ...seeds({}, [1, 1])])).toBe(
      `Data: MNIST: a box of digits. Network: the paper's shallow CNN of ${NARROW}, what is compared after the second convolution, ` +
        "batch normalization after the others; K = 3. Adam at 0.001 and 0.005, batches of 32, 4 epochs, moving moments " +
        "with a prior mass of 2 and a memory of 96 images, or of momentum 0.9; means ± sample deviations over the seeds 1 and 2.",
    );
  });

  it("adds numbers and shapes of images that were not changed", () => {
    const whole = { name: "mnist", seed: 1 } as const;
    const start = (data: Parameters<typeof run>[0]["data"]) => settingText([run(data ? { data } : {}, [])]).split(". Network")[0];
    expect(start(whole)).toBe("Data: MNIST: a box of digits; 60000 training and 10000 test images; of 28 x 28 x 1");
    expect(start({ ...whole, halved: true })).toBe("Data: MNIST: a box of digits; 60000 training and 10000 test images");
    expect(start({ ...whole, train: 9, test: 9, asColor: true })).toBe("Data: MNIST: a box of digits");
    expect(start({ ...whole, name: "cifar-10", train: 9, test: 9, asColor: true })).toBe(
      "Data: MNIST: a box of digits; of 32 x 32 x 3",
    );
  });

  it("names every network, number of components and domain", () => {
    const perceptron = settingText([run({ network: "mlp", width: 1, normalizes: "all" }, [])]);
    expect(perceptron).toContain("Network: a perceptron of 128 and 64 hidden units, what is compared after both layers; K = 3.");
    expect(perceptron).toContain("one seed, 1.");
    const full = settingText([1, 2, 3, 4].map((components) => run({ components, width: 1, normalizes: "all" }, [])));
    expect(full).toContain("CNN of 64, 128, 128 and 256 channels, what is compared after all four convolutions; K = 1 to 4.");
    const gaps = settingText([1, 2, 3, 8].map((components) => run({ components, seed: components }, [])));
    expect(gaps).toMatch(/K = 1, 2, 3 and 8\..*over the seeds 1, 2, 3 and 8, over n/);
    expect(settingText([run({ target: SHIFTED }, [])])).toContain(
      "With labels: MNIST: a box of digits. Without, by AdaMatch: MNIST-shifted (made from MNIST): a box of digits. Network",
    );
  });
});

describe("scaleText", () => {
  const paper = { width: 1, epochs: 100, data: { name: "cifar-10", seed: 1 } } as const;

  it("names the ways in which runs are smaller than the paper's", () => {
    expect(scaleText(everything())).toBe(
      "This is not the paper's scale: images are MNIST's, not the paper's CIFAR-10 and CIFAR-100; " +
        "images have half their height and width; networks see 1000 of 60000 training images; " +
        "the CNN has 0.125 times the paper's channels; networks learn for 4 epochs, where the paper's classification has 100; " +
        "the domain to adapt to is MNIST-shifted (made from MNIST), not SVHN. Runs of 2 seeds. " +
        "The figures compare the methods at this scale; they neither confirm nor refute the paper's own.",
    );
  });

  it("leaves out what is as in the paper", () => {
    const adaptation = run(
      {
        ...paper,
        experiment: "domain-adaptation",
        epochs: 20,
        data: { name: "mnist", seed: 1 },
        target: { name: "svhn", seed: 2 },
      },
      [],
    );
    const gradients = run({ ...paper, experiment: "gradients", epochs: 20 }, []);
    expect(scaleText(results([run(paper, []), gradients, adaptation]))).toBe("Runs of 1 seed.");
  });

  it("has ranges", () => {
    const data = (train: number) => ({ name: "cifar-10", train, seed: 1 }) as const;
    const runs = [run({ ...paper, data: data(100) }, []), run({ ...paper, data: data(200), seed: 2 }, [])];
    expect(scaleText(results(runs))).toMatch(
      /^This is not the paper's scale: networks see 100 to 200 of 50000 training images\. Runs of 2 seeds\./,
    );
  });
});
