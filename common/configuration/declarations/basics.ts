import { declareSettings, type SettingGroup } from './setting';
import { ALL_PLANES, CONTROL_PLANE, EDGE, NPM_START } from './programs';

const settings = declareSettings({
  LAYOVER_HOME: {
    kind: 'text',
    readBy: [...ALL_PLANES, 'examples'],
    format: 'a folder',
    default: '.layover',
    description:
      'Folder for everything that Layover stores on this machine: the SQLite database, blobs, the ' +
      'spool, the journal, keys and sockets. A relative path starts at the working directory. Each ' +
      'data plane needs a home of its own.',
    example: '/var/lib/layover',
  },
  XDG_RUNTIME_DIR: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: 'an absolute path',
    description:
      'Folder of this user, with mode 0700, for the sockets if their paths in `LAYOVER_HOME` would be ' +
      'longer than 107 bytes. All planes on one machine need the same value. If it is needed and not ' +
      'set, the planes do not start. systemd sets it for user sessions.',
    example: '/run/user/1000',
  },
  LAYOVER_BOOTSTRAP: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    default: true,
    description:
      'Whether the first start creates the public organizations `docker`, `quay`, `ghcr`, `gcr`, `k8s` ' +
      'and `mcr`. Later starts ignore it.',
  },
  LAYOVER_EDGES: {
    kind: 'integer',
    readBy: NPM_START,
    min: 1,
    max: 64,
    defaultText: 'half the cores, from 1 to 8',
    description:
      'Number of edges that `npm start` runs. They share one port. See ' +
      '[Using the cores of a machine](operations.md#using-the-cores-of-a-machine).',
    example: '4',
  },
  LAYOVER_DATA_PLANES_LOCAL: {
    kind: 'integer',
    readBy: NPM_START,
    min: 1,
    max: 16,
    defaultText: 'at the first start of a home a quarter of the cores, from 1 to 4; later as many as it has',
    description:
      'Number of data planes that `npm start` runs, each with its own blobs: the first one in ' +
      '`<home>`, the others in `<home>/data-2`, `<home>/data-3` and so on. More than 1 needs ' +
      '`LAYOVER_DATA_PLANES`, `LAYOVER_DATA_LISTEN` and a folder in `LAYOVER_BLOB_STORE` not to be set.',
    example: '2',
  },
  LAYOVER_DRAIN_SECONDS: {
    kind: 'integer',
    readBy: ALL_PLANES,
    min: 0,
    max: 86_400,
    default: 30,
    unit: 'seconds',
    description:
      'How long a plane waits after SIGTERM for running requests to end before it breaks them off. ' +
      'Give supervisors and Kubernetes a longer stop timeout than this.',
  },
  LAYOVER_EDGE_DRAIN_SECONDS: {
    kind: 'integer',
    readBy: EDGE,
    min: 0,
    max: 86_400,
    defaultText: 'LAYOVER_DRAIN_SECONDS',
    unit: 'seconds',
    description:
      'The same for an edge, whose clients may read a large blob for minutes. Clients whose downloads ' +
      'take longer are disconnected. Choose minutes if there are other edges, which accept new clients ' +
      'meanwhile. See [Stopping and restarting](operations.md#stopping-and-restarting).',
    example: '300',
  },
});

/** Settings that concern every installation. */
export const BASICS = {
  title: 'Start and stop',
  introduction: ['Layover starts without any of these variables.'],
  settings,
} satisfies SettingGroup;
