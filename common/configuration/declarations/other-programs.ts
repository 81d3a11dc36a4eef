import { declareSettings, type SettingGroup } from './setting';
import { BASE_URL } from './formats';
import { ALL_PLANES } from './programs';

const examples = declareSettings({
  LAYOVER_URL: {
    kind: 'external',
    readBy: ['examples'],
    format: BASE_URL,
    defaultText: 'http://127.0.0.1:8081',
    description: 'Address of the control plane.',
  },
  LAYOVER_TOKEN: {
    kind: 'external',
    readBy: ['examples'],
    format: 'an API token',
    secret: true,
    defaultText: 'LAYOVER_ADMIN_TOKEN, otherwise the content of <home>/admin-token',
    description: 'API token for the requests.',
  },
});

/** Variables of the programs in examples/. */
export const EXAMPLES = {
  title: 'Run the example programs',
  introduction: ['The programs in [examples](../examples) call GraphQL from outside; the planes ignore these.'],
  settings: examples,
} satisfies SettingGroup;

const packaging = declareSettings({
  LAYOVER_COMMIT: {
    kind: 'external',
    readBy: ['packaging'],
    format: 'a commit hash',
    defaultText: 'the commit of the git checkout, otherwise `unknown`',
    description:
      'Commit that the packaged product reports in `--version`, GraphQL, logs and metrics. For builds ' +
      'without a git checkout, such as the image.',
  },
});

/** Variables of `bin/package.mjs` and the image build. */
export const PACKAGING = {
  title: 'Package the product',
  introduction: ['Read while the product is packaged, never while it runs.'],
  settings: packaging,
} satisfies SettingGroup;

const node = declareSettings({
  NODE_OPTIONS: {
    kind: 'external',
    readBy: ALL_PLANES,
    format: 'command-line options of Node.js',
    defaultText: '`--max-semi-space-size=32` with `npm start` and in the image, otherwise none',
    description: 'Read by Node.js. A value of your own replaces the default.',
    example: '--max-old-space-size=2048',
  },
  UV_THREADPOOL_SIZE: {
    kind: 'external',
    readBy: ALL_PLANES,
    format: 'a whole number',
    defaultText: '`8` with `npm start` and in the image, otherwise `4`',
    description: 'Threads for file access and name lookup. Read by libuv, which is part of Node.js.',
  },
  GRPC_VERBOSITY: {
    kind: 'external',
    readBy: ALL_PLANES,
    format: '`DEBUG`, `INFO`, `ERROR` or `NONE`',
    defaultText: '`ERROR`',
    description: 'Level of the messages that the gRPC library writes to stderr.',
  },
  GRPC_TRACE: {
    kind: 'external',
    readBy: ALL_PLANES,
    format: 'a comma-separated list of tracers of the gRPC library',
    description: 'Parts of the gRPC library that write messages, for debugging.',
    example: 'all',
  },
});

/** Variables that Node.js and libraries read and that matter to an operator. */
export const NODE = {
  title: 'Node.js and its libraries',
  introduction: ['Layover does not read these variables itself.'],
  settings: node,
} satisfies SettingGroup;
