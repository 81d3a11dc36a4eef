import type { Digest } from '../../../../common/oci/digest';
import type { ContentUses } from '../../store/uses/content-uses';
import type { FillRequest } from './fills';

/** A blob that a fill brought into the store, and its owners. */
export interface FilledBlob {
  readonly digest: Digest;
  /** Size in bytes. */
  readonly size: number;
  /** Organizations that took part in the fill, each once, in order of their first request. */
  readonly owners: readonly string[];
}

interface Requester {
  readonly owner: string;
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
  add({ owner, repository, digest }: FillRequest): () => void {
    const key = `${owner} ${repository}`;
    const known = this.byRepository.get(key);
    const requester = known ?? {
      owner,
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

  /** Returns the organizations that take part, each once. */
  owners(): readonly string[] {
    return [...new Set([...this.byRepository.values()].map(({ owner }) => owner))];
  }

  /** Ends every use, because the fill has ended. */
  release(): void {
    for (const { end } of this.byRepository.values()) end();
    this.byRepository.clear();
  }
}
