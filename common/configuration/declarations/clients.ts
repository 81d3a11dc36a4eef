import { declareSettings, type SettingGroup } from './setting';
import { ADDRESS, BASE_URL, FILE } from './formats';
import { CONTROL_PLANE, EDGE } from './programs';

const settings = declareSettings({
  LAYOVER_EDGE_LISTEN: {
    kind: 'text',
    readBy: ['edge', 'control-plane'],
    format: ADDRESS,
    default: '127.0.0.1:8080',
    description:
      'Where the registry listens. Port 0 picks a free port. The control plane derives the default of ' +
      '`LAYOVER_SCAN_EDGE_URL` from it.',
    example: '0.0.0.0:8080',
  },
  LAYOVER_CONTROL_LISTEN: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: ADDRESS,
    default: '127.0.0.1:8081',
    description: 'Where the control plane serves GraphQL, the audit export, `/metrics`, `/healthz` and `/readyz`.',
    example: '0.0.0.0:8081',
  },
  LAYOVER_PUBLIC_URL: {
    kind: 'text',
    readBy: ['edge', 'control-plane'],
    format: BASE_URL,
    defaultText: 'the address that each client used',
    description:
      'The address of the registry as clients see it. Token challenges point to it. It is also the ' +
      'default of `LAYOVER_SCAN_EDGE_URL`.',
    example: 'https://registry.example.com',
  },
  LAYOVER_ORGANIZATION_HOSTS: {
    kind: 'text',
    readBy: EDGE,
    format: 'a comma-separated list of <host>[:<port>]=<organization>',
    description:
      'Host names of the edge that stand for one organization. The whole path of a request is then a ' +
      'repository of this organization, as the `registry-mirrors` of Docker need it. See ' +
      '[docker](operations.md#docker).',
    example: 'docker.layover.example=docker',
  },
  LAYOVER_TRUSTED_PROXIES: {
    kind: 'text',
    readBy: EDGE,
    format: 'a comma-separated list of CIDRs, addresses or the word unix',
    description:
      'Proxies in front of the edge whose `X-Forwarded-*`, `Forwarded` and `traceparent` headers are ' +
      'believed. `unix` stands for a proxy that connects over a unix socket. See ' +
      '[security.md](security.md).',
    example: '10.0.0.0/8,unix',
  },
  LAYOVER_EDGE_TLS_CERT: {
    kind: 'text',
    readBy: ['edge', 'control-plane'],
    format: FILE,
    description:
      'Certificate chain of the registry. With it and `LAYOVER_EDGE_TLS_KEY` the edge serves HTTPS. ' +
      'Changed files are loaded within five seconds, without a restart. The control plane does not ' +
      'read the file. It only checks whether the variable is set: the address that it derives from ' +
      '`LAYOVER_EDGE_LISTEN` for `LAYOVER_SCAN_EDGE_URL` then begins with `https://`.',
    example: '/etc/layover/registry.pem',
  },
  LAYOVER_EDGE_TLS_KEY: {
    kind: 'text',
    readBy: EDGE,
    format: FILE,
    description: 'Private key of `LAYOVER_EDGE_TLS_CERT`, without a passphrase.',
    example: '/etc/layover/registry.key',
  },
  LAYOVER_CONTROL_TLS_CERT: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: FILE,
    description:
      'Certificate chain of the control plane. With it and `LAYOVER_CONTROL_TLS_KEY` GraphQL is served over HTTPS.',
    example: '/etc/layover/graphql.pem',
  },
  LAYOVER_CONTROL_TLS_KEY: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: FILE,
    description: 'Private key of `LAYOVER_CONTROL_TLS_CERT`, without a passphrase.',
    example: '/etc/layover/graphql.key',
  },
  LAYOVER_LOCAL_DELIVERY: {
    kind: 'choice',
    readBy: EDGE,
    values: ['auto', 'on', 'off'],
    default: 'auto',
    description:
      'Whether the edge reads blobs from files of a data plane on the same machine instead of ' +
      'receiving the bytes from it. `auto` does so if it reaches the data plane over a unix socket.',
  },
  LAYOVER_EDGE_OFFLOAD: {
    kind: 'choice',
    readBy: EDGE,
    values: ['off', 'x-accel'],
    default: 'off',
    description:
      'Whether nginx in front of the edge sends the files of cached blobs in place of the edge: ' +
      '`x-accel` names them to nginx in `X-Accel-Redirect`. Needs `LAYOVER_EDGE_OFFLOAD_SECRET`, and ' +
      'the configuration in `deploy/nginx`. See [nginx](operations.md#nginx-in-front-of-an-edge).',
  },
  LAYOVER_EDGE_OFFLOAD_SECRET: {
    kind: 'text',
    readBy: EDGE,
    format: '32 to 256 characters of A-Z a-z 0-9 . _ -',
    secret: true,
    description:
      'What nginx proves itself with, in the header `X-Layover-Offload`. Clients without it get the ' +
      'bytes from the edge.',
    example: '$(openssl rand -hex 32)',
  },
  LAYOVER_EDGE_OFFLOAD_FOLDERS: {
    kind: 'text',
    readBy: EDGE,
    format: 'a comma-separated list of <name>=<folder>',
    defaultText: 'blobs=<home>/blobs,copies=<home>/copies',
    description:
      'The absolute folders whose files nginx may send: the blob stores and local copies of the data planes on ' +
      'this machine. nginx has a folder at the internal location `/layover-offload/<name>/`.',
    example: 'blobs=/srv/blobs',
  },
  LAYOVER_CLIENT_IDLE_SECONDS: {
    kind: 'integer',
    readBy: EDGE,
    min: 1,
    max: 86_400,
    default: 3600,
    unit: 'seconds',
    description: 'A client that reads nothing of a blob for this long is disconnected.',
  },
  LAYOVER_RESUME_SECONDS: {
    kind: 'integer',
    readBy: EDGE,
    min: 0,
    max: 3600,
    default: 60,
    unit: 'seconds',
    description:
      'If the only data plane is lost in the middle of a blob, the edge waits this long for it and then goes on ' +
      'where the client is. Afterwards the client is disconnected.',
  },
});

/** Settings of the addresses that clients and operators connect to. */
export const CLIENTS = {
  title: 'Serve clients',
  introduction: [
    'The addresses that clients and operators connect to, and HTTPS for them. The variables of a',
    'certificate and of its key must be set together.',
  ],
  settings,
} satisfies SettingGroup;
