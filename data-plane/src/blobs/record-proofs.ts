import type { Digest } from '../../../common/oci/digest';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from '../journal/pull-journal';
import type { Knowledge } from '../known/knowledge';
import type { FilledBlob } from './fills/requesters';

/** Dependencies of ProofRecorder. */
export interface ProofRecorderParts {
  readonly knowledge: Pick<Knowledge, 'putProof'>;
  readonly journal: Pick<PullJournal, 'append'>;
}

/** Records that blobs arrived in the store, and for which organizations their bytes are proven. */
export class ProofRecorder {
  constructor(private readonly parts: ProofRecorderParts) {}

  /**
   * Makes the proof of a fill known to this data plane, for every organization that took part.
   * Synchronous: a request that comes too late to join the fill finds the proof.
   */
  provenByFill({ digest, owners, upstreamRepository }: FilledBlob): void {
    if (upstreamRepository === undefined) return;
    for (const { identities } of owners) this.parts.knowledge.putProof(identities, digest, upstreamRepository);
  }

  /**
   * Records, for each organization that took part in a fill, that the blob arrived in the store and
   * that the organization has a proof. Resolves when the records are on disk, or were dropped by
   * the journal.
   */
  async arrived({ digest, size, owners, upstreamRepository }: FilledBlob): Promise<void> {
    await Promise.all(
      owners.map(({ organizationUid, identities }) =>
        this.append({ organizationUid, digest, size, identities, upstreamRepository }),
      ),
    );
  }

  /** Records that the upstream of a target gave matching ranges of a stored blob. */
  async provenByRanges({ key, holder, upstream }: PullTarget, digest: Digest, size: number): Promise<void> {
    const { identities } = holder;
    // Several requests may share a proof; one of them records it for their organization.
    if (!this.parts.knowledge.putProof(identities, digest, upstream.name)) return;
    const { organizationUid } = key;
    await this.append({ organizationUid, digest, size, identities, upstreamRepository: upstream.name });
  }

  private append(arrival: {
    readonly organizationUid: string;
    readonly digest: Digest;
    readonly size: number;
    readonly identities: readonly string[];
    /** undefined = the bytes came from nowhere, so nothing is proven. */
    readonly upstreamRepository: string | undefined;
  }): Promise<void> {
    const { upstreamRepository = '', organizationUid, digest, size } = arrival;
    const identities = upstreamRepository === '' ? [] : [...arrival.identities];
    const bytes = { bytesServed: 0, bytesFetched: 0 };
    return this.parts.journal.append({
      blob: { organizationUid, digest, size, ...bytes, identities, upstreamRepository },
    });
  }
}
