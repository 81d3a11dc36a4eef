import { type Clock, systemClock } from '../../../../common/runtime/clock';
import { type Authorization, defaultAuthorization, noAuthorization } from './authorization';
import type { BucketAddress } from './bucket-address';
import { type BucketAnswer, type BucketHttp, createBucketHttp, discard, readBody } from './bucket-http';
import { strangeAnswer, unexpectedStatus } from './bucket-error';
import { DEFAULT_GCS_LIMITS, type GcsLimits } from './limits';

/** What a bucket is reached with. */
export interface BucketOptions {
  readonly address: BucketAddress;
  /** Origin of an emulator, which is asked without credentials; undefined = Cloud Storage itself. */
  readonly emulator: string | undefined;
  /** What differs from DEFAULT_GCS_LIMITS. */
  readonly limits?: Partial<GcsLimits>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: application default credentials; none for an emulator. */
  readonly authorization?: Authorization;
}

/** A bucket as its operations know it: where it is, how it is asked, and how long. */
export interface Bucket {
  readonly http: BucketHttp;
  readonly limits: GcsLimits;
  readonly clock: Clock;
  /** URL of the bucket's objects, or of one of them, with query parameters; undefined ones are left out. */
  object(name: string | undefined, query?: Readonly<Record<string, string | undefined>>): string;
  /** URL that takes new objects. */
  upload(query: Readonly<Record<string, string>>): string;
  /** URL that copies one object to another name. */
  rewrite(from: string, to: string, query: Readonly<Record<string, string>>): string;
}

const ENDPOINT = 'https://storage.googleapis.com';

/** A bucket through the JSON API (Cloud Storage, "JSON API reference"). Asks for nothing yet. */
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

/** An object as the bucket keeps it. */
export interface StoredObject {
  readonly name: string;
  /** Changes with every object of that name (64 bits, as text). */
  readonly generation: string;
  readonly size: number;
  /** Of its bytes as the bucket has them: big-endian, base64. */
  readonly crc32c: string;
}

/** What is asked of an object's resource. */
export const OBJECT_FIELDS = 'name,generation,size,crc32c';

const JSON_BYTES = 4 * 1024 * 1024;

/** A JSON answer of status 200. Throws a BucketError. */
export async function readJson(answer: BucketAnswer, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
  if (answer.status !== 200 && answer.status !== 201) {
    await discard(answer);
    throw unexpectedStatus(answer.status);
  }
  const text = (await readBody(answer, JSON_BYTES, signal)).toString('utf8');
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw strangeAnswer('with what is no JSON', error);
  }
  throw strangeAnswer('with what is no JSON object');
}

/** The object that a resource describes. Throws a BucketError where a field is missing. */
export function toStoredObject(resource: Readonly<Record<string, unknown>>): StoredObject {
  const { name, generation, size, crc32c } = resource;
  const bytes = Number(size);
  if (typeof name === 'string' && typeof crc32c === 'string' && isNumeral(generation) && Number.isSafeInteger(bytes)) {
    return { name, generation, size: bytes, crc32c };
  }
  throw strangeAnswer('with an object that lacks name, generation, size or checksum');
}

function isNumeral(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value);
}

function queryString(query: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`;
}
