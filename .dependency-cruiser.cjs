/** Import rules, one module for each part: docs/ARCHITECTURE.md explains them. */
const RULES = ['planes', 'cycles', 'libraries', 'common', 'control-plane', 'data-plane', 'edge-http'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: RULES.flatMap((name) => require(`./lint/layers/${name}.cjs`)),
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Type imports count.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|examples)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
