import { declareSettings, type SettingGroup } from './setting';
import { ALL_PLANES, CONTROL_PLANE } from './programs';

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
});

/** Settings that concern every installation. */
export const BASICS = {
  title: 'Start and stop',
  introduction: ['Layover starts without any of these variables.'],
  settings,
} satisfies SettingGroup;
