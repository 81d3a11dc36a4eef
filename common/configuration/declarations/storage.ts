import { declareSettings, type SettingGroup } from './setting';
import { CONTROL_PLANE, DATA_PLANE } from './programs';

const database = declareSettings({
  LAYOVER_DATABASE_URL: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: 'sqlite:<file> or mysql://<user>:<password>@<host>:<port>/<database>',
    defaultText: 'sqlite:<home>/layover.sqlite',
    secret: true,
    description: 'The database of the control plane. Several control planes need MySQL: see [mysql.md](mysql.md).',
    example: 'mysql://layover:<password>@db.example:3306/layover',
  },
  LAYOVER_DATABASE_POOL: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 1,
    max: 1000,
    default: 10,
    description: 'Maximum number of connections of one control plane to MySQL.',
  },
});

/** Settings of the database. */
export const DATABASE = {
  title: 'Choose a database',
  introduction: ['The control plane keeps its tables in SQLite or MySQL.'],
  settings: database,
} satisfies SettingGroup;

const blobs = declareSettings({
  LAYOVER_BLOB_STORE: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'file:<folder> or gs://<bucket>[/<prefix>]',
    defaultText: 'file:<home>/blobs',
    description: 'Where blobs are stored: a folder, or a bucket of Google Cloud Storage.',
    example: 'gs://layover-blobs',
  },
  LAYOVER_DISK_RESERVE_BYTES: {
    kind: 'integer',
    readBy: DATA_PLANE,
    // The journal and SQLite each write files of up to 16 MiB at a time.
    min: 16 * 1024 ** 2,
    max: 2 ** 50,
    default: 256 * 1024 ** 2,
    unit: 'bytes',
    description:
      'Space on the disk of `<home>/spool` that blobs never take, so that the database, the journal and the ' +
      'local index can still write. See [operations.md](operations.md#disk-full).',
  },
  LAYOVER_LOCAL_CACHE_BYTES: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 0,
    max: 2 ** 50,
    default: 10 * 1024 ** 3,
    unit: 'bytes',
    description: 'With a bucket: the total size of the local copies of frequently read blobs. `0` keeps no copies.',
  },
  LAYOVER_CHECK_BYTES_PER_SECOND: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 0,
    max: 2 ** 50,
    default: 20_000_000,
    unit: 'bytes',
    description:
      'How fast stored files are read in the background to find damaged ones. `0` reads none. See ' +
      '[operations.md](operations.md#wrong-bytes-in-the-store).',
  },
  LAYOVER_CHECK_INTERVAL_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 60,
    max: 10 * 365 * 86_400,
    default: 30 * 86_400,
    unit: 'seconds',
    description: 'How often every stored file is read in the background to find damaged ones.',
  },
  LAYOVER_REDIRECT: {
    kind: 'choice',
    readBy: DATA_PLANE,
    values: ['off', 'on'],
    default: 'off',
    description:
      'With a bucket: `on` redirects clients to the bucket for blobs of 1 MiB and more, with signed ' +
      'URLs. Clients must be able to reach the bucket. See [ADR ' +
      '21](adr/0021-redirect-clients-to-the-bucket.md).',
  },
  LAYOVER_REDIRECT_SECONDS: {
    kind: 'integer',
    readBy: DATA_PLANE,
    min: 60,
    // Longest lifetime of a URL that IAM signs for the identity of a workload.
    max: 12 * 3600,
    default: 600,
    unit: 'seconds',
    description: 'How long a signed URL is valid. Anyone who sees such a URL can read the blob.',
  },
  STORAGE_EMULATOR_HOST: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: 'http://<host>:<port> of an emulator',
    description: 'With a bucket: an emulator that replaces Cloud Storage. It is called without credentials.',
    example: 'http://127.0.0.1:4443',
  },
  GOOGLE_APPLICATION_CREDENTIALS: {
    kind: 'external',
    readBy: DATA_PLANE,
    format: 'the path of a key file',
    defaultText: 'the identity of the workload',
    description:
      "With a bucket: credentials of a service account. Google's library reads it, as part of its " +
      'application default credentials.',
    example: '/etc/layover/service-account.json',
  },
});

/** Settings of the blob store. */
export const BLOBS = {
  title: 'Choose where blobs are stored',
  introduction: ['Several data planes share the content only if they use the same bucket.'],
  settings: blobs,
} satisfies SettingGroup;
