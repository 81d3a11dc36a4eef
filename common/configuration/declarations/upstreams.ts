import { declareSettings, type SettingGroup } from './setting';
import { DATA_PLANE } from './programs';

const PROXY = 'the http:// or https:// URL of a proxy, its user and password percent-encoded (%25 for %)';

const upstreams = declareSettings({
  LAYOVER_UPSTREAM_ALLOWED_NETWORKS: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'a comma-separated list of CIDRs such as 10.0.0.0/8',
    description:
      'Private networks that upstreams may be in. Without it, Layover refuses upstreams on private, ' +
      'loopback and link-local addresses.',
    example: '10.0.0.0/8,127.0.0.0/8',
  },
  HTTPS_PROXY: {
    kind: 'text',
    readBy: DATA_PLANE,
    aliases: ['https_proxy'],
    format: PROXY,
    secret: true,
    description:
      "Proxy for upstreams with `https://`. `https_proxy` takes precedence. Google's library also " +
      'uses it, for access tokens. Connections between planes never use a proxy.',
    example: 'http://proxy.example:3128',
  },
  HTTP_PROXY: {
    kind: 'text',
    readBy: DATA_PLANE,
    aliases: ['http_proxy'],
    format: PROXY,
    secret: true,
    description: 'Proxy for upstreams with `http://`. `http_proxy` takes precedence.',
    example: 'http://proxy.example:3128',
  },
  NO_PROXY: {
    kind: 'text',
    readBy: DATA_PLANE,
    aliases: ['no_proxy'],
    format: 'a comma-separated list of host names and domains',
    description: 'Hosts that are reached without a proxy. `no_proxy` takes precedence.',
    example: '.corp.example,registry.internal:5000',
  },
  LAYOVER_UPSTREAM_PROXY_NAMES: {
    kind: 'choice',
    readBy: DATA_PLANE,
    values: ['check', 'pin', 'proxy'],
    default: 'check',
    description:
      'How names of upstreams are treated behind a proxy. `check`: Layover resolves the name, refuses internal ' +
      'addresses and names that do not resolve, and gives the name to the proxy. `pin`: the proxy gets the checked ' +
      'address instead, so that a name cannot change in between; proxies that filter by name refuse this. `proxy`: ' +
      'names that Layover cannot resolve go to the proxy unchecked; the proxy must then refuse internal addresses.',
  },
  SSL_CERT_FILE: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'the path of a PEM file',
    defaultText: 'the bundle of the operating system',
    description:
      'Authorities of the system, for TLS connections to upstreams. They are trusted in addition to the roots of ' +
      'Node.js and to `caCertificate` of an organization. See [security.md](security.md#trusted-authorities).',
    example: '/etc/ssl/certs/ca-certificates.crt',
  },
  SSL_CERT_DIR: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'a colon-separated list of folders with PEM files',
    description: 'More authorities of the system, for TLS connections to upstreams.',
    example: '/etc/ssl/certs',
  },
  NODE_EXTRA_CA_CERTS: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'the path of a PEM file',
    description:
      'Additional authorities for TLS connections to upstreams. Node.js reads it too, in every plane, for all ' +
      'other outgoing TLS connections.',
    example: '/etc/ssl/corp-ca.pem',
  },
  LAYOVER_UPSTREAM_CONNECT_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 300,
    default: 5,
    unit: 'seconds',
    description: 'Timeout for name lookup, TCP connection and TLS handshake.',
  },
  LAYOVER_UPSTREAM_HEADERS_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 3600,
    default: 30,
    unit: 'seconds',
    description: 'Timeout from the request to the headers of the response, except for the GET of a blob.',
  },
  LAYOVER_UPSTREAM_BLOB_HEADERS_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 3600,
    default: 300,
    unit: 'seconds',
    description:
      'Timeout from the GET of a blob to the headers of the response. An upstream that is a cache itself may fetch ' +
      'the blob first.',
  },
  LAYOVER_UPSTREAM_STALL_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 3600,
    default: 30,
    unit: 'seconds',
    description: 'Timeout between two pieces of a response body.',
  },
  LAYOVER_UPSTREAM_OPERATION_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 3600,
    default: 60,
    unit: 'seconds',
    description:
      'Timeout for a whole small operation (everything but a blob), with its token request and redirects. The GET ' +
      'of a blob has LAYOVER_UPSTREAM_BLOB_HEADERS_SECONDS in addition, until its headers have arrived.',
  },
  LAYOVER_UPSTREAM_CONNECTIONS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 10_000,
    default: 64,
    description: 'Maximum number of connections of one data plane to one upstream host.',
  },
});

/** Settings of the connections to upstreams. */
export const UPSTREAMS = {
  title: 'Reach upstream registries',
  introduction: ['Addresses and credentials of upstreams are part of an organization, which GraphQL manages.'],
  settings: upstreams,
} satisfies SettingGroup;

const fills = declareSettings({
  LAYOVER_FILLS_PER_UPSTREAM: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 10_000,
    default: 16,
    description:
      'Maximum number of blobs that one data plane fetches from one upstream host, or for one organization, at the ' +
      'same time.',
  },
  LAYOVER_MAX_FILL_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 7 * 86_400,
    default: 3600,
    unit: 'seconds',
    description: 'How long a fill may continue after its last client has left.',
  },
  LAYOVER_COMPLETION_CONCURRENCY: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1,
    max: 1000,
    default: 4,
    description: 'Maximum number of blobs that a data plane fetches at the same time to complete images.',
  },
  LAYOVER_COMPLETION_DELAY_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 0,
    max: 3600,
    default: 2,
    unit: 'seconds',
    description:
      'How long a data plane waits after it has served a manifest before it fetches the blobs that the ' +
      'client did not request.',
  },
  LAYOVER_ARTIFACT_DELAY_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 0,
    max: 86_400,
    default: 600,
    unit: 'seconds',
    description:
      'How long a data plane waits after it has fetched a manifest before it fetches the signatures, ' +
      'attestations and SBOMs of the image. Images are usually signed after they were pushed.',
  },
  LAYOVER_MANIFEST_MEMORY_BYTES: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 1024 * 1024,
    max: 2 ** 40,
    default: 64 * 1024 * 1024,
    unit: 'bytes',
    description: 'Memory for frequently requested manifests.',
  },
});

/** Settings of fills and of the memory for manifests. */
export const FILLS = {
  title: 'Tune fetching and memory',
  introduction: ['The defaults suit most installations.'],
  settings: fills,
} satisfies SettingGroup;
