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
import { within } from './patience';
import type { SignUrl } from './sign-url';

/** What links are made of. */
export interface ObjectLinksOptions {
  /** The object of a blob that is whole; undefined = there is none. */
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

/** Signed URLs that are remembered; about a kilobyte each. */
const REMEMBERED = 4096;
/** A look takes one small request; whoever waits for it longer than this is better off with our bytes, perhaps from this disk. */
const LOOK_MS = 3_000;
/** A signature takes a millisecond with a key at hand, and a request to IAM without one. */
const SIGN_MS = 3_000;
/** After a failure nothing is tried for this long: clients get their bytes from us without waiting again. */
const PAUSE_MS = 30_000;
/** Signatures on their way at a time: IAM allows a project some hundreds a second. */
const SIGNING_AT_ONCE = 32;

/**
 * Signed URLs of objects. One is used again for the first half of its life, for the same generation only: a hot layer costs one signature every few minutes. What can't be
 * signed is not linked to, for which no client ever sees an error.
 */
export class ObjectLinks implements BlobLinks {
  readonly lifetimeMs: number;
  private readonly signed = new LRUCache<string, Signed>({ max: REMEMBERED });
  private readonly signing = new SingleFlight<Signed>();
  private readonly looking = new SingleFlight<StoredObject | undefined>();
  private readonly signatures = pLimit(SIGNING_AT_ONCE);
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

  /** Clients of a hot layer come hundreds at a time: those who ask while it is being looked at share the look. */
  private objectOf(digest: Digest): Promise<StoredObject | undefined> {
    const { clock, look } = this.options;
    return this.looking.run(digest, () => within(clock, LOOK_MS, undefined, (signal) => look(digest, signal)));
  }

  private async urlOf(object: StoredObject): Promise<string> {
    const key = `${object.generation} ${object.name}`;
    const known = this.signed.get(key);
    if (known !== undefined && this.isFresh(known)) return known.url;
    return (await this.signing.run(key, () => this.sign(key, object))).url;
  }

  /** Half of its life is left for a client that begins late, or goes on after a broken connection. */
  private isFresh({ signedAt }: Signed): boolean {
    const age = this.options.clock.now() - signedAt;
    return age >= 0 && age <= this.lifetimeMs / 2;
  }

  private async sign(key: string, { name, generation }: StoredObject): Promise<Signed> {
    const { clock, sign, lifetimeMs } = this.options;
    // Refused, not queued: whoever would wait is better off with our bytes.
    if (this.signatures.activeCount >= SIGNING_AT_ONCE) throw new TooMany();
    return this.signatures(async () => {
      const signedAt = clock.now();
      // The library can't be stopped; what it says later is of no interest.
      const url = await within(clock, SIGN_MS, undefined, (signal) =>
        untilAborted(sign({ name, generation, lifetimeMs }), signal),
      );
      if (!URL.canParse(url)) throw new Error('the signature came without a URL');
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
    // The first failure of a row and then ever fewer. Only its message: what the library throws carries the request, with its credentials.
    if ((this.failures & (this.failures - 1)) !== 0) return;
    const reason = error instanceof Error ? error.message.slice(0, 300) : 'unknown';
    this.options.logger.warn(
      { reason: reason.replace(/https?:\/\/\S+/g, '<url>'), failures: this.failures },
      'clients cannot be sent to the bucket, and get their bytes from Layover',
    );
  }
}

/** No failure of the signer's. */
class TooMany extends Error {}
