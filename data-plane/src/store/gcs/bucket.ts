import { type Clock, systemClock } from '../../../../common/runtime/clock';
import { type BucketAuthorization, defaultAuthorization, noAuthorization } from './authorization';
import type { BucketAddress } from './bucket-address';
import { type BucketAnswer, type BucketHttp, createBucketHttp, discard, readBucketBody } from './bucket-http';
import { invalidAnswer, unexpectedStatus } from './bucket-error';
import { DEFAULT_GCS_LIMITS, type GcsLimits } from './limits';

/** Settings of the connection to a bucket. */
export interface BucketOptions {
  readonly address: BucketAddress;
  /** Origin of an emulator, which needs no credentials; undefined = Cloud Storage itself. */
  readonly emulator: string | undefined;
  /** Limits that differ from DEFAULT_GCS_LIMITS. */
  readonly limits?: Partial<GcsLimits>;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Default: application default credentials, or none for an emulator. */
  readonly authorization?: BucketAuthorization;
}

/** A bucket as its operations use it: URLs, HTTP client and limits. */
export interface Bucket {
  readonly http: BucketHttp;
  readonly limits: GcsLimits;
  readonly clock: Clock;
  /**
   * Returns the URL of the objects of the bucket, or of one object, with query parameters.
   * undefined parameters are left out.
   */
  object(name: string | undefined, query?: Readonly<Record<string, string | undefined>>): string;
  /** Returns the URL for uploads. */
  upload(query: Readonly<Record<string, string>>): string;
  /** Returns the URL that copies an object to another name. */
  rewrite(from: string, to: string, query: Readonly<Record<string, string>>): string;
}

const ENDPOINT = 'https://storage.googleapis.com';

/**
 * Creates access to a bucket through the JSON API (Cloud Storage, "JSON API reference"). Sends no
 * request yet.
 */
export function openBucket(options: BucketOptions): Bucket {
  const { address, emulator, clock = systemClock } = options;
  const limits = { ...DEFAULT_GCS_LIMITS, ...options.limits };
  const authorization = options.authorization ?? (emulator === undefined ? defaultAuthorization() : noAuthorization);
  const origin = emulator ?? ENDPOINT;
  const path = `b/${encodeURIComponent(address.bucket)}/o`;
  const one = (name: string): string => `${path}/${encodeURIComponent(name)}`;
  return {
    http: createBucketHttp(limits, authorization),
    limits,
    clock,
    object: (name, query = {}) => `${origin}/storage/v1/${name === undefined ? path : one(name)}${queryString(query)}`,
    upload: (query) => `${origin}/upload/storage/v1/${path}${queryString(query)}`,
    rewrite: (from, to, query) => `${origin}/storage/v1/${one(from)}/rewriteTo/${one(to)}${queryString(query)}`,
  };
}

/** The metadata of an object in the bucket. */
export interface StoredObject {
  readonly name: string;
  /** Changes with every new object under the name (64 bits, as text). */
  readonly generation: string;
  readonly size: number;
  /** Checksum of the stored bytes: big-endian, base64. */
  readonly crc32c: string;
}

/** The requested fields of an object resource. */
export const OBJECT_FIELDS = 'name,generation,size,crc32c';

const JSON_BYTES = 4 * 1024 * 1024;

/** Reads a JSON answer with status 200 or 201. Throws a BucketError. */
export async function readJson(answer: BucketAnswer, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  if (answer.status !== 200 && answer.status !== 201) {
    await discard(answer);
    throw unexpectedStatus(answer.status);
  }
  const text = (await readBucketBody(answer, JSON_BYTES, signal)).toString('utf8');
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw invalidAnswer('with invalid JSON', error);
  }
  throw invalidAnswer('with JSON that is not an object');
}

/** Converts an object resource. Throws a BucketError if a field is missing. */
export function toStoredObject(resource: Readonly<Record<string, unknown>>): StoredObject {
  const { name, generation, size, crc32c } = resource;
  const bytes = Number(size);
  if (typeof name === 'string' && typeof crc32c === 'string' && isNumeral(generation) && Number.isSafeInteger(bytes)) {
    return { name, generation, size: bytes, crc32c };
  }
  throw invalidAnswer('with an object without name, generation, size or checksum');
}

function isNumeral(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value);
}

function queryString(query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
