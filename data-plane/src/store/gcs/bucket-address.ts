/** A bucket, or a folder of one. */
export interface BucketAddress {
  readonly bucket: string;
  /** In front of every object's name: empty, or ends with `/`. */
  readonly prefix: string;
}

/** Bucket names (Cloud Storage, "Bucket naming guidelines"); those with dots may be longer, each part at most 63. */
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
/** Names of folders: what needs no thought in URLs, logs and shells. */
const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*\/?$/;

/** Reads `gs://bucket[/prefix]`; undefined where it is none. */
export function parseBucketAddress(text: string): BucketAddress | undefined {
  const match = /^gs:\/\/([^/]+)(?:\/(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const [, bucket = '', folder = ''] = match;
  if (!BUCKET.test(bucket) || bucket.split('.').some((part) => part === '' || part.length > 63)) return undefined;
  if (folder === '') return { bucket, prefix: '' };
  if (!PREFIX.test(folder) || folder.split('/').some((part) => part === '.' || part === '..')) return undefined;
  return { bucket, prefix: folder.endsWith('/') ? folder : `${folder}/` };
}

/** Reads STORAGE_EMULATOR_HOST: `http://host:port`, or `host:port` as Google's own libraries take it. Gives an origin; undefined where it is none. */
export function parseEmulatorHost(text: string): string | undefined {
  const full = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(full)) return undefined;
  const url = new URL(full);
  const isPlain = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return isPlain && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}
