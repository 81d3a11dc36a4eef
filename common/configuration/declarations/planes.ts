import { declareSettings, type SettingGroup } from './setting';
import { ADDRESS, ADDRESSES, FILE, SECRET_CHARACTERS } from './formats';
import { ALL_PLANES, CONTROL_PLANE, DATA_PLANE, EDGE } from './programs';

const settings = declareSettings({
  LAYOVER_DATA_LISTEN: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: ADDRESS,
    defaultText: 'unix:<home>/run/data.sock',
    description: 'Where a data plane accepts gRPC calls of the other planes.',
    example: '0.0.0.0:9000',
  },
  LAYOVER_DATA_BYTES_LISTEN: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: `${ADDRESS}, or off`,
    defaultText: 'any free port of the host in LAYOVER_DATA_LISTEN, or a socket beside that one',
    description:
      'Where edges get the bytes of blobs if they do not read the files of a data plane. Edges learn the ' +
      'port from the data plane and use the host at which they reach it. Choose a port if a firewall must ' +
      'open it. If edges cannot connect, or with `off`, the bytes are sent over gRPC, which takes more ' +
      'processor time. A Unix socket if `LAYOVER_DATA_LISTEN` is one. See ' +
      '[byte-channel.md](design/byte-channel.md).',
    example: '0.0.0.0:9002',
  },
  LAYOVER_DATA_PLANES: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: ADDRESSES,
    defaultText: 'edge and control plane: unix:<home>/run/data.sock; data plane: none',
    description:
      'All data planes. Give every plane the same list, the data planes included. A host name stands ' +
      'for all its addresses, which are looked up again every few seconds.',
    example: 'data.layover.internal:9000',
  },
  LAYOVER_BLOB_READERS_PER_NODE: {
    kind: 'integer',
    readBy: EDGE,
    min: 0,
    max: 10_000,
    default: 8,
    description:
      'How many clients of one blob a data plane sends to before an edge asks the next data plane for ' +
      'further ones. Applies to blobs in a bucket, which every data plane can read; the next one reads ' +
      'the blob from the bucket once. `0` keeps all clients at the first data plane. See ' +
      '[many-nodes.md](design/many-nodes.md#blobs-with-many-readers).',
  },
  LAYOVER_CATALOG_LISTEN: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: ADDRESS,
    defaultText: 'unix:<home>/run/catalog.sock',
    description: 'Where the control plane accepts gRPC calls of data planes.',
    example: '0.0.0.0:9001',
  },
  LAYOVER_CATALOG: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: ADDRESS,
    defaultText: 'unix:<home>/run/catalog.sock',
    description: 'Where a data plane reaches the control plane.',
    example: 'control.layover.internal:9001',
  },
  LAYOVER_NODE_NAME: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: '1 to 128 characters of A-Z a-z 0-9 . _ -',
    defaultText: 'the host name',
    description: 'Name of a data plane in logs and reports.',
    example: 'data-plane-1',
  },
  LAYOVER_CONFIGURATION_WAIT_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 0,
    max: 300,
    default: 5,
    unit: 'seconds',
    description:
      'How long a data plane that starts waits for the configuration from the control plane before it ' +
      'accepts calls. It answers `NOT_READY` as long as it has none.',
  },
  LAYOVER_ANONYMOUS_MAX_AGE_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 300,
    max: 31_536_000,
    default: 86_400,
    unit: 'seconds',
    description:
      'How long after the last message of the control plane a data plane serves public organizations ' +
      'to clients that are not robots of the organization. Then it answers 503, because the ' +
      'organization may have become private. Robots of the organization are not affected.',
  },
  LAYOVER_PLANE_TLS_CERT: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: FILE,
    description:
      'Certificate of this plane, followed by intermediate certificates, for mutual TLS between ' +
      'planes. Set the three files together. Changed files are loaded without a restart.',
    example: '/etc/layover/edge.pem',
  },
  LAYOVER_PLANE_TLS_KEY: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: FILE,
    description: 'Private key of `LAYOVER_PLANE_TLS_CERT`, without a passphrase.',
    example: '/etc/layover/edge.key',
  },
  LAYOVER_PLANE_TLS_CA: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: FILE,
    description: 'Authorities that sign the certificates of planes.',
    example: '/etc/layover/planes-ca.pem',
  },
  LAYOVER_PLANE_TLS_DOMAIN: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: 'a domain name in lower case',
    default: 'layover.internal',
    description:
      'Domain of the names in the certificates of planes: `edge.<domain>`, `data-plane.<domain>` and ' +
      '`control-plane.<domain>`. Two installations with the same authority need different domains.',
    example: 'layover.example.com',
  },
  LAYOVER_PLANE_SECRET: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: `32 to 256 ${SECRET_CHARACTERS}`,
    secret: true,
    description:
      'Secret by which planes on a private network or on one machine recognize each other, the same on ' +
      'every plane. It can be combined with certificates.',
    example: '$(openssl rand -hex 32)',
  },
  LAYOVER_PLANE_SECRET_PREVIOUS: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: `a comma-separated list of secrets of 32 to 256 ${SECRET_CHARACTERS}`,
    secret: true,
    description:
      'Further secrets that are accepted but never sent, while `LAYOVER_PLANE_SECRET` is replaced. ' +
      'Requires `LAYOVER_PLANE_SECRET`.',
  },
});

/** Settings of the connections between planes. */
export const PLANES = {
  title: 'Connect the planes',
  introduction: [
    'On one machine the planes use sockets in `LAYOVER_HOME` and need none of this. Every other address',
    'requires certificates or a secret, loopback addresses included: see [security.md](security.md).',
  ],
  settings,
} satisfies SettingGroup;
