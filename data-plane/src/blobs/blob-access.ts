import { type Descriptor, possibleSize } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { Knowledge } from '../known/knowledge';
import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError, type LayoverError } from '../../../common/errors/layover-error';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import { Absence } from '../store/guard/absence';
import { isStoreUnreachable } from '../store/store-error';
import type { ReadRight } from '../store/guard/read-right';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { RangeProver } from './prove-by-ranges';
import type { ProofRecorder } from './record-proofs';

declare const right: unique symbol;

/** What the rights to a blob have in common. */
interface AskedBlob {
  readonly [right]: true;
  readonly target: PullTarget;
  readonly digest: Digest;
  /**
   * Bytes, as a manifest or the upstream says; undefined if nobody does. An expectation: only the
   * digest shows which size is right.
   */
  readonly size: number | undefined;
  /**
   * Whether the repository is known to have the blob: a manifest names it, or the upstream
   * confirmed it.
   */
  readonly isKnown: boolean;
  /** The answer of the store that it does not hold the blob, if it was asked. */
  readonly absence: Absence | undefined;
}

/**
 * A blob that may be fetched from the upstream of a repository, with the credentials of the
 * organization. The stored bytes, if there are any, are out of reach. Only BlobAccess creates one.
 */
export interface FillableBlob extends AskedBlob {
  readonly kind: 'fillable';
}

/**
 * A blob whose stored bytes may be sent to the client that requested it, because the organization
 * has a proof. Only BlobAccess creates one.
 */
export interface ReadableBlob extends AskedBlob, ReadRight {
  readonly kind: 'readable';
  /** Whether this request made the proof. It is then answered as a miss. */
  readonly isNew: boolean;
}

/** The right to a blob that a request has: to fetch it, or to read what is stored. */
export type BlobRight = FillableBlob | ReadableBlob;

/** Dependencies of BlobAccess. */
export interface BlobAccessParts {
  readonly knowledge: Knowledge;
  readonly upstream: Pick<UpstreamRegistry, 'headBlob'>;
  readonly stored: Pick<StoredBlobs, 'stat'>;
  readonly prover: Pick<RangeProver, 'prove'>;
  readonly proofs: Pick<ProofRecorder, 'provenByRanges' | 'storedAndProven'>;
}

/**
 * Decides which right a request has to a blob (docs/design/pull-semantics.md#right-to-read). Reads,
 * redirects, joined fills, new fills and completion all take the types that this class creates, so
 * no path to the bytes bypasses it (ADR 26).
 *
 * Everybody may have the upstream asked for a blob: its answer to the GET, with the credentials of
 * the organization, decides. Stored bytes need two things: a manifest that names the digest, or a
 * HEAD of the upstream that confirms it, and a proof: the upstream gave the bytes to this
 * organization before, or it gives a sample of them now (ADR 30). Without them, everything goes on
 * as if nobody held the blob. A HEAD that fails refuses nothing (ADR 39): upstreams that answer GET
 * may refuse HEAD.
 */
export class BlobAccess {
  private readonly heads = new SingleFlight<HeadOutcome>();

  constructor(private readonly parts: BlobAccessParts) {}

  /**
   * Returns the right to read a blob. If the store holds the blob and the organization has no
   * proof, tries to prove it with ranges of the upstream. Asks the upstream with a HEAD only if the
   * store holds a blob that no manifest names. If the store cannot be reached, nothing stored may
   * be read, and the upstream decides. Throws CANCELLED, the errors of the store, and
   * TOO_MANY_REQUESTS or the outage errors of the upstream client if the upstream is not reached.
   */
  async toRead(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<BlobRight> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    const size = known === undefined ? undefined : possibleSize(digest, known.size);
    const blob = { target, digest, size, isKnown: known !== undefined };
    try {
      if (known === undefined) return await this.toReadUnnamed(blob, signal);
      return knowledge.isProven(target, digest) ? readable(blob) : await this.tryToProve(blob, signal);
    } catch (error) {
      if (isStoreUnreachable(error)) return fillable(blob);
      throw error;
    }
  }

  /**
   * Returns the right to read a blob if that needs no question to the upstream: a manifest names
   * the blob, and the organization has a proof.
   */
  async toReadAtOnce(target: PullTarget, digest: Digest): Promise<ReadableBlob | undefined> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    if (known === undefined || !knowledge.isProven(target, digest)) return undefined;
    return readable({ target, digest, size: possibleSize(digest, known.size), isKnown: true });
  }

  /**
   * Returns the right to the stored bytes if that needs no question to the upstream, but perhaps
   * one to the control plane: a manifest names the blob, and the organization has a proof.
   */
  async toReadStored(target: PullTarget, digest: Digest): Promise<ReadableBlob | undefined> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    if (known === undefined || !(await knowledge.findProof(target, digest))) return undefined;
    return readable({ target, digest, size: possibleSize(digest, known.size), isKnown: true });
  }

  /**
   * Returns the right for the answer to a HEAD request. Does not ask the store, and proves nothing.
   * Without a manifest that names the blob, the upstream is asked with a HEAD. If that is of no
   * use, the size of the right is undefined. Throws the errors of {@link toRead}, except those of
   * the store.
   */
  async toStat(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<BlobRight> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    const size = known === undefined ? undefined : possibleSize(digest, known.size);
    const head = size === undefined ? await this.askHead(target, digest, signal) : { size };
    const blob = { target, digest, size: 'refusal' in head ? undefined : head.size };
    if (known === undefined && 'refusal' in head) return fillable({ ...blob, isKnown: false });
    const isProven = await knowledge.findProof(target, digest);
    return isProven ? readable({ ...blob, isKnown: true }) : fillable({ ...blob, isKnown: true });
  }

  /**
   * Returns the right to fetch a blob that a manifest of the repository names, to complete its
   * image. The upstream decides: it receives the credentials of the organization.
   */
  toFill(target: PullTarget, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): FillableBlob {
    return fillable({ target, digest, size: possibleSize(digest, size), isKnown: true });
  }

  /**
   * Returns what is left to do to complete an image with this blob: undefined if the store holds
   * the blob and the organization has a proof, else the right to fetch it. A blob of which nothing
   * is left to do is reported to the control plane again, unless it was reported recently. Throws
   * like {@link toRead}.
   */
  async toComplete(blob: FillableBlob, signal?: AbortSignal): Promise<BlobRight | undefined> {
    const { knowledge, stored, proofs } = this.parts;
    const { target, digest } = blob;
    if (!knowledge.isProven(target, digest)) {
      const proven = await this.tryToProve(blob, signal);
      if (proven.kind === 'fillable') return proven;
      if (proven.isNew) return undefined;
    }
    const found = await stored.stat(digest);
    if (found instanceof Absence) return readable(blob, found);
    await proofs.storedAndProven(target, digest, found);
    return undefined;
  }

  /**
   * Returns the right to the stored bytes, if the organization has a proof by now. There is none
   * for a blob that the repository is not known to have, whatever the organization proved
   * elsewhere: only the answer to the GET decides.
   */
  nowReadable(blob: BlobRight): ReadableBlob | undefined {
    if (blob.kind === 'readable') return blob;
    if (!blob.isKnown) return undefined;
    return this.parts.knowledge.isProven(blob.target, blob.digest) ? readable(blob) : undefined;
  }

  /**
   * Notes that the upstream answered a GET of the blob with these headers. That says as much as a
   * HEAD: the repository has the blob, and `size` is what the upstream calls its size. The next
   * request need not ask with a HEAD.
   */
  confirmed({ target, digest, isKnown }: BlobRight, size: number | undefined): void {
    if (!isKnown && size !== undefined) this.remember(target, digest, size);
  }

  private async toReadUnnamed(unnamed: Asked, signal: AbortSignal | undefined): Promise<BlobRight> {
    const { knowledge, stored } = this.parts;
    const { target, digest } = unnamed;
    const found = await stored.stat(digest);
    if (found instanceof Absence) return fillable(unnamed, found);
    const head = await this.askHead(target, digest, signal);
    if ('refusal' in head) return fillable(unnamed);
    const blob = { target, digest, size: head.size, isKnown: true };
    return knowledge.isProven(target, digest) ? readable(blob) : this.tryToProve(blob, signal);
  }

  private async tryToProve(blob: Asked, signal: AbortSignal | undefined): Promise<BlobRight> {
    const { knowledge, stored, prover, proofs } = this.parts;
    const { target, digest, size } = blob;
    const found = await stored.stat(digest);
    // A blob that is not stored is fetched in any case, so nobody is asked for a proof.
    if (found instanceof Absence) return fillable(blob, found);
    if (await knowledge.findProof(target, digest)) return readable(blob);
    // The offsets of the ranges would tell the upstream a size that it did not give.
    if (size !== found) return fillable(blob);
    if (!(await prover.prove(target, digest, found, signal))) return fillable(blob);
    await proofs.provenByRanges(target, digest, found);
    return readable(blob, undefined, true);
  }

  private askHead(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<HeadOutcome> {
    return this.heads.run(
      `${repositoryScope(target)}\n${digest}`,
      async () => {
        try {
          const head = await this.parts.upstream.headBlob(target.upstream, digest);
          const size = possibleSize(digest, head.size);
          // Without a size there is no descriptor to cache, so the next request asks the upstream
          // again.
          if (size !== undefined) this.remember(target, digest, size);
          return { size };
        } catch (error) {
          if (!isAboutHead(error)) throw error;
          return { refusal: error };
        }
      },
      signal,
    );
  }

  private remember(target: PullTarget, digest: Digest, size: number): void {
    if (possibleSize(digest, size) === undefined) return;
    this.parts.knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
  }
}

/** What a HEAD of the upstream said: that it has the blob, or nothing of use. */
type HeadOutcome = { readonly size: number | undefined } | { readonly refusal: LayoverError };

/** Failures without a status after which a GET may still be answered. */
const GET_MAY_WORK: readonly ErrorKey[] = ['UPSTREAM_CONTENT', 'UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT'];

/**
 * Returns whether a failed HEAD only says something about HEAD, so that a GET may be answered
 * differently. A rate limit and an upstream that cannot be reached would stop the GET too.
 */
function isAboutHead(error: unknown): error is LayoverError {
  if (!isLayoverError(error) || error.key === 'TOO_MANY_REQUESTS') return false;
  return error.upstreamStatus !== undefined || GET_MAY_WORK.includes(error.key);
}

type Asked = Pick<AskedBlob, 'target' | 'digest' | 'size' | 'isKnown'>;

function readable({ target, digest, size, isKnown }: Asked, absence?: Absence, isNew = false): ReadableBlob {
  return { kind: 'readable', target, digest, size, isKnown, absence, isNew } as ReadableBlob;
}

function fillable({ target, digest, size, isKnown }: Asked, absence?: Absence): FillableBlob {
  return { kind: 'fillable', target, digest, size, isKnown, absence } as FillableBlob;
}
