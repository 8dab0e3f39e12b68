import { DataError } from "../../examples/mnist/digits.js";
import { readCifar10, readCifar100 } from "./cifar.js";
import { asShape, type Dataset, halved, withCounts } from "./dataset.js";
import { COLOR, type DataName } from "./facts.js";
import { readMnist } from "./mnist.js";
import { shifted } from "./shifted.js";
import { readSvhn } from "./svhn.js";

/** Where the data sets are that the user brings. */
export type Folders = Partial<Record<"cifar-10" | "cifar-100" | "svhn", string>>;

/** Which images, and how many of them. */
export interface DataConfig {
  name: DataName;
  /** How many training and test images; all, where it does not say. */
  train?: number;
  test?: number;
  /** Brings images of another size to 32 x 32 x 3, so that data sets can stand beside each other. */
  asColor?: boolean;
  /** Halves height and width. */
  halved?: boolean;
  /** Of the choice of images, and of the shift. */
  seed: number;
}

function read(name: DataName, folders: Folders): Promise<Dataset> {
  const folder = (of: keyof Folders) => {
    const given = folders[of];
    if (given === undefined) throw new Error(`${name} needs the option --${of} FOLDER`);
    return given;
  };
  switch (name) {
    case "mnist":
    case "mnist-shifted":
      return readMnist();
    case "cifar-10":
      return readCifar10(folder(name));
    case "cifar-100":
      return readCifar100(folder(name));
    case "svhn":
      return readSvhn(folder(name));
  }
}

/** Reads a data set and does to it what the configuration says. The same configuration gives the same images. */
export async function prepare(
  { name, train, test, asColor, halved: half, seed }: DataConfig,
  folders: Folders,
): Promise<Dataset> {
  const all = await read(name, folders);
  if ((train ?? 0) > all.train.count || (test ?? 0) > all.test.count) {
    const wanted = `must have at least ${train} training and ${test} test images`;
    throw new DataError(`${all.name}: ${wanted}, got ${all.train.count} and ${all.test.count}`);
  }
  const counted =
    train === undefined && test === undefined ? all : withCounts(all, train ?? all.train.count, test ?? all.test.count, seed);
  const shaped = asColor ? asShape(counted, ...COLOR) : counted;
  const moved = name === "mnist-shifted" ? shifted(shaped, seed) : shaped;
  return half ? halved(moved) : moved;
}
