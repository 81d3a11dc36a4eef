import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import { untilAborted } from '../../../../common/async/until-aborted';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { BlobLink, BlobLinks } from '../blob-links';
import { SingleFlight } from '../../../../common/async/single-flight';
import type { StoredObject } from './bucket';
import { within } from './retries';
import type { SignUrl } from './sign-url';

/** Dependencies of ObjectLinks. */
export interface ObjectLinksOptions {
  /** Returns the object of a complete blob; undefined = it does not exist. */
  readonly look: (digest: Digest, signal: AbortSignal) => Promise<StoredObject | undefined>;
  readonly sign: SignUrl;
  readonly lifetimeMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Signed {
  readonly url: string;
  readonly signedAt: number;
}

/** Number of signed URLs that are cached; about a kilobyte each. */
const REMEMBERED = 4096;
/**
 * Maximum time for a metadata lookup, in milliseconds. It is one small request. Instead of waiting
 * longer, the data plane sends the bytes itself.
 */
const STAT_TIMEOUT_MS = 3_000;
/**
 * Maximum time for a signature, in milliseconds. With a local key, it takes a millisecond;
 * otherwise it needs a request to IAM.
 */
const SIGN_TIMEOUT_MS = 3_000;
/**
 * Pause after a failure, in milliseconds. Meanwhile the data plane sends the bytes itself, without
 * delay for clients.
 */
const PAUSE_MS = 30_000;
/** Number of concurrent signatures. IAM allows a project some hundreds per second. */
const SIGNING_CONCURRENCY = 32;

/**
 * Creates signed URLs of objects. A URL is reused for the first half of its lifetime, for the same
 * generation only, so a hot layer costs one signature every few minutes. If a URL cannot be signed,
 * there is no link, and no client sees an error.
 */
export class ObjectLinks implements BlobLinks {
  readonly lifetimeMs: number;
  private readonly signed = new LRUCache<string, Signed>({ max: REMEMBERED });
  private readonly signing = new SingleFlight<Signed>();
  private readonly looking = new SingleFlight<StoredObject | undefined>();
  private readonly signatures = pLimit(SIGNING_CONCURRENCY);
  private readonly breaker: CircuitBreaker;
  private failures = 0;

  constructor(private readonly options: ObjectLinksOptions) {
    this.lifetimeMs = options.lifetimeMs;
    this.breaker = new CircuitBreaker({ clock: options.clock, coolDown: { firstMs: PAUSE_MS, maxMs: PAUSE_MS } });
  }

  async linkTo(digest: Digest): Promise<BlobLink | 'absent' | undefined> {
    if (this.breaker.coolDownLeftMs > 0) return undefined;
    try {
      const object = await this.objectOf(digest);
      return object === undefined ? 'absent' : { url: await this.urlOf(object), size: object.size };
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /**
   * Shares the lookup of a digest between concurrent requests, because hundreds of clients may
   * request a hot layer at once.
   */
  private objectOf(digest: Digest): Promise<StoredObject | undefined> {
    const { clock, look } = this.options;
    return this.looking.run(digest, () => within(clock, STAT_TIMEOUT_MS, undefined, (signal) => look(digest, signal)));
  }

  private async urlOf(object: StoredObject): Promise<string> {
    const key = `${object.generation} ${object.name}`;
    const known = this.signed.get(key);
    if (known !== undefined && this.isFresh(known)) return known.url;
    return (await this.signing.run(key, () => this.sign(key, object))).url;
  }

  /**
   * Half of the lifetime is left for clients that start late or resume after a broken connection.
   */
  private isFresh({ signedAt }: Signed): boolean {
    const age = this.options.clock.steady() - signedAt;
    return age >= 0 && age <= this.lifetimeMs / 2;
  }

  private async sign(key: string, { name, generation }: StoredObject): Promise<Signed> {
    const { clock, sign, lifetimeMs } = this.options;
    // Rejected instead of queued: the data plane sends the bytes itself sooner than a queued
    // signature would be ready.
    if (this.signatures.activeCount >= SIGNING_CONCURRENCY) throw new TooMany();
    return this.signatures(async () => {
      const signedAt = clock.steady();
      // The library cannot be cancelled; its late result is ignored.
      const url = await within(clock, SIGN_TIMEOUT_MS, undefined, (signal) =>
        untilAborted(sign({ name, generation, lifetimeMs }), signal),
      );
      if (!URL.canParse(url)) throw new Error('the signature contains no valid URL');
      const signed = { url, signedAt };
      this.signed.set(key, signed);
      this.failures = 0;
      return signed;
    });
  }

  private fail(error: unknown): void {
    if (error instanceof TooMany || this.breaker.coolDownLeftMs > 0) return;
    this.breaker.open();
    this.failures += 1;
    // Logs the first failure in a row, and then fewer and fewer. Only the message is logged,
    // because the errors of the library contain the request with its credentials.
    if ((this.failures & (this.failures - 1)) !== 0) return;
    const reason = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
    this.options.logger.warn(
      { reason: reason.replace(/https?:\/\/\S+/g, '<url>'), failures: this.failures },
      'Clients cannot be redirected to the bucket; Layover sends the bytes itself',
    );
  }
}

/** Too many concurrent signatures. This is not a failure of the signer. */
class TooMany extends Error {}
