export default {
  mode: "production",
  entry: "./index.js",
  output: { path: `${import.meta.dirname}/built`, publicPath: "/" },
  performance: { hints: false },
};
