import type { Digest } from '../../../../common/oci/digest';
import type { ContentUses } from '../../store/uses/content-uses';
import type { FillRequest } from './fills';

/** An organization that took part in a fill. */
export interface FillOwner {
  readonly organizationUid: string;
  /** Its upstream identities; see ProofHolder. */
  readonly identities: readonly string[];
}

/** A blob that a fill brought into the store, and its owners. */
export interface FilledBlob {
  readonly digest: Digest;
  /** Size in bytes. */
  readonly size: number;
  /** Organizations that took part in the fill, each once, in order of their first request. */
  readonly owners: readonly FillOwner[];
  /**
   * The upstream repository, as complete name, that gave all bytes; undefined if the blob was found
   * in the store.
   */
  readonly upstreamRepository: string | undefined;
}

interface Requester {
  readonly request: FillRequest;
  /** Number of requests of this repository that took part. */
  requests: number;
  /** Ends the use of the blob by this repository. */
  readonly end: () => void;
}

/**
 * The repositories that a fill runs for. The blob is in use for each of them until the fill ends,
 * also after their clients have left.
 */
export class Requesters {
  private readonly byRepository = new Map<string, Requester>();

  constructor(private readonly uses: Pick<ContentUses, 'begin'>) {}

  /**
   * Adds a request. The returned function removes it again, if the fill does not fit the request.
   */
  add(request: FillRequest): () => void {
    const { owner, repository, digest } = request;
    const key = `${owner} ${repository}`;
    const known = this.byRepository.get(key);
    const requester = known ?? {
      request,
      requests: 0,
      end: this.uses.begin({ organizationUid: owner, repository, digest }),
    };
    if (known === undefined) this.byRepository.set(key, requester);
    requester.requests += 1;
    return () => {
      requester.requests -= 1;
      if (requester.requests > 0) return;
      this.byRepository.delete(key);
      requester.end();
    };
  }

  /**
   * Whether a request may take part: it and every other one may pull each other's repositories, so
   * none gets bytes from a repository that it may not pull.
   */
  admits({ upstreamRepository, mayPull }: FillRequest): boolean {
    for (const { request } of this.byRepository.values()) {
      if (request.upstreamRepository === upstreamRepository) continue;
      if (!mayPull(request.upstreamRepository) || !request.mayPull(upstreamRepository)) return false;
    }
    return true;
  }

  /** Whether an organization takes part. */
  includes(owner: string): boolean {
    for (const { request } of this.byRepository.values()) if (request.owner === owner) return true;
    return false;
  }

  /** Returns the organizations that take part, each once. */
  owners(): readonly FillOwner[] {
    const owners = new Map<string, FillOwner>();
    for (const { request } of this.byRepository.values()) {
      const { owner, identities } = request;
      if (!owners.has(owner)) owners.set(owner, { organizationUid: owner, identities });
    }
    return [...owners.values()];
  }

  /** Ends every use, because the fill has ended. */
  release(): void {
    for (const { end } of this.byRepository.values()) end();
    this.byRepository.clear();
  }
}
