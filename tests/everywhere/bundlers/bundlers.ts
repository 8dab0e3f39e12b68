/** A bundler, or what else resolves and transforms a user's modules. */
export interface Bundler {
  /** As people call it. */
  title: string;
  /** Packages with their versions: the first is the bundler. */
  packages: string[];
  /** Commands of these packages. */
  commands: string[][];
  /** Fields of the project's package.json. */
  manifest?: object;
  /** The folder, beside the page and what is built, that TensorFlow.js's binaries are copied to. */
  binaries?: string;
  /** Files that are copied to what is built. */
  copied?: string[];
  /** Where it runs: in Chromium, from the folder "built", or in Node.js, with its outcome in outcome.json. */
  runs: "Chromium" | "Node.js";
}

/** By the names of the folders that have their projects' files. */
export const BUNDLERS: { [name: string]: Bundler } = {
  webpack: {
    title: "webpack",
    packages: ["webpack@5.113.0", "webpack-cli@7.3.1"],
    commands: [["webpack"]],
    copied: ["index.html"],
    runs: "Chromium",
  },
  rspack: {
    title: "rspack",
    packages: ["@rspack/core@2.3.3", "@rspack/cli@2.2.8"],
    commands: [["rspack", "build"]],
    copied: ["index.html"],
    runs: "Chromium",
  },
  parcel: {
    title: "Parcel",
    // TensorFlow.js asks for globals of Node.js, of which Parcel takes packages.
    packages: ["parcel@2.16.4", "process@0.11.10", "buffer@6.0.3"],
    commands: [["parcel", "build", "index.html", "--dist-dir", "built", "--no-source-maps", "--no-cache"]],
    runs: "Chromium",
  },
  next: {
    title: "Next",
    packages: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
    commands: [["next", "build"]],
    binaries: "public/tensorflow",
    runs: "Chromium",
  },
  metro: {
    title: "Metro",
    packages: ["metro@0.87.1"],
    commands: [["metro", "build", "index.js", "--config", "metro.config.cjs", "--platform", "web", "--out", "built/main.js"]],
    binaries: "built/tensorflow",
    copied: ["index.html"],
    runs: "Chromium",
  },
  jest: {
    title: "Jest with jsdom",
    packages: ["jest@30.5.2", "jest-environment-jsdom@30.5.2", "babel-jest@30.5.2", "@babel/core@7", "@babel/preset-env@7"],
    commands: [["jest", "--env=jsdom"]],
    manifest: { type: "commonjs" },
    runs: "Node.js",
  },
};
