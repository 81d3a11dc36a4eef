import { type Descriptor, declaredSize } from '../../../common/oci/descriptor';
import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { Knowledge } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import { SingleFlight } from '../../../common/async/single-flight';
import { Absence } from '../store/guard/absence';
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
  /** Bytes; undefined if the upstream has the blob but does not give its size. */
  readonly size: number | undefined;
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
 * A manifest that names the digest, or a HEAD of the upstream, gives the right to ask the upstream
 * for the blob. Stored bytes need a proof in addition: the upstream gave the bytes to this
 * organization before, or it gives a sample of them now (ADR 30). Without a proof, everything goes
 * on as if nobody held the blob.
 */
export class BlobAccess {
  private readonly heads = new SingleFlight<number | undefined>();

  constructor(private readonly parts: BlobAccessParts) {}

  /**
   * Returns the right to read a blob. If the store holds the blob and the organization has no
   * proof, tries to prove it with ranges of the upstream. `check` receives the declared size before
   * that, so that a request that it refuses is refused in the same way whether or not the store
   * holds the blob. Throws BLOB_UNKNOWN, UPSTREAM_DENIED, CANCELLED, the outage errors of the
   * upstream client, the errors of the store, and those of `check`.
   */
  async toRead(
    target: PullTarget,
    digest: Digest,
    signal: AbortSignal | undefined,
    check?: (size: number) => void,
  ): Promise<BlobRight> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    const size = known === undefined ? await this.askUpstream(target, digest, signal) : declaredSize(known);
    if (size !== undefined) check?.(size);
    if (knowledge.isProven(target, digest)) return readable({ target, digest, size });
    return this.tryToProve({ target, digest, size }, signal);
  }

  /**
   * Returns the right for the answer to a HEAD request. Does not ask the store, and proves nothing.
   * Throws the errors of {@link toRead}, except those of the store.
   */
  async toStat(target: PullTarget, digest: Digest, signal: AbortSignal | undefined): Promise<BlobRight> {
    const { knowledge } = this.parts;
    const known = await knowledge.blob(target, digest);
    const size = known === undefined ? await this.askUpstream(target, digest, signal) : declaredSize(known);
    const isProven = await knowledge.findProof(target, digest);
    return isProven ? readable({ target, digest, size }) : fillable({ target, digest, size });
  }

  /**
   * Returns the right to fetch a blob that a manifest of the repository names, to complete its
   * image. The upstream decides: it receives the credentials of the organization.
   */
  toFill(target: PullTarget, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): FillableBlob {
    return fillable({ target, digest, size: declaredSize({ digest, size }) });
  }

  /**
   * Returns what is left to do to complete an image with this blob: undefined if the store holds
   * the blob and the organization has a proof, else the right to fetch it. A blob of which nothing
   * is left to do is reported to the control plane again, unless it was reported recently. Throws
   * like {@link toRead}.
   */
  async toComplete({ target, digest, size }: FillableBlob, signal?: AbortSignal): Promise<BlobRight | undefined> {
    const { knowledge, stored, proofs } = this.parts;
    if (!knowledge.isProven(target, digest)) {
      const proven = await this.tryToProve({ target, digest, size }, signal);
      if (proven.kind === 'fillable') return proven;
      if (proven.isNew) return undefined;
    }
    const found = await stored.stat(digest);
    if (found instanceof Absence) return readable({ target, digest, size }, found);
    await proofs.storedAndProven(target, digest, found);
    return undefined;
  }

  /** Returns the right to the stored bytes, if the organization has a proof by now. */
  nowReadable(blob: BlobRight): ReadableBlob | undefined {
    if (blob.kind === 'readable') return blob;
    return this.parts.knowledge.isProven(blob.target, blob.digest) ? readable(blob) : undefined;
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

  private askUpstream(
    target: PullTarget,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const { knowledge, upstream } = this.parts;
    return this.heads.run(
      `${repositoryScope(target)}\n${digest}`,
      async () => {
        const { size } = await upstream.headBlob(target.upstream, digest);
        // Without a size there is no descriptor to cache, so the next request asks the upstream
        // again.
        if (size !== undefined) {
          knowledge.putBlob(target.key, { digest, size, mediaType: 'application/octet-stream' });
        }
        return size;
      },
      signal,
    );
  }
}

type Asked = Pick<AskedBlob, 'target' | 'digest' | 'size'>;

function readable({ target, digest, size }: Asked, absence?: Absence, isNew = false): ReadableBlob {
  return { kind: 'readable', target, digest, size, absence, isNew } as ReadableBlob;
}

function fillable({ target, digest, size }: Asked, absence?: Absence): FillableBlob {
  return { kind: 'fillable', target, digest, size, absence } as FillableBlob;
}
