/** A bucket, or a folder in a bucket. */
export interface BucketAddress {
  readonly bucket: string;
  /** Prefix of all object names: empty, or ends with `/`. */
  readonly prefix: string;
}

/**
 * Bucket names (Cloud Storage, "Bucket naming guidelines"). Names with dots may be longer, but each
 * part has at most 63 characters.
 */
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;
/** Folder names, limited to characters that need no escaping in URLs, logs and shells. */
const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*\/?$/;

/** Parses `gs://bucket[/prefix]`. Returns undefined if the text is invalid. */
export function parseBucketAddress(text: string): BucketAddress | undefined {
  const match = /^gs:\/\/([^/]+)(?:\/(.*))?$/s.exec(text);
  if (match === null) return undefined;
  const [, bucket = '', folder = ''] = match;
  if (!BUCKET.test(bucket) || bucket.split('.').some((part) => part === '' || part.length > 63)) return undefined;
  if (folder === '') return { bucket, prefix: '' };
  if (!PREFIX.test(folder) || folder.split('/').some((part) => part === '.' || part === '..')) return undefined;
  return { bucket, prefix: folder.endsWith('/') ? folder : `${folder}/` };
}

/**
 * Parses STORAGE_EMULATOR_HOST: `http://host:port`, or `host:port` as Google's libraries accept it.
 * Returns an origin, or undefined if the text is invalid.
 */
export function parseEmulatorHost(text: string): string | undefined {
  const full = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(full)) return undefined;
  const url = new URL(full);
  const isPlain = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return isPlain && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}
