// Lets a child process run the sources without a build: `node -r <this file>
// data-plane/src/main.ts`.
const { readFileSync } = require('node:fs');
const { extname } = require('node:path');
const Module = require('node:module');
const { transformSync } = require('@swc/core');

const options = {
  module: { type: 'commonjs' },
  jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
  sourceMaps: 'inline',
};

Module._extensions['.ts'] = (module, filename) => {
  if (extname(filename) !== '.ts') throw new Error(`${filename} is not a TypeScript file`);
  module._compile(transformSync(readFileSync(filename, 'utf8'), { ...options, filename }).code, filename);
};
