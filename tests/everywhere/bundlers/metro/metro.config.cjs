module.exports = {
  resolver: { platforms: ["web"] },
  transformer: { getTransformOptions: async () => ({ transform: { experimentalImportSupport: true, inlineRequires: false } }) },
};
