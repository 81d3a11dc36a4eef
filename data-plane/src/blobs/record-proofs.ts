import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from '../journal/pull-journal';
import type { KnownProof, Knowledge } from '../known/knowledge';
import type { FilledBlob } from './fills/requesters';

/**
 * How long a reported proof is not reported again, in milliseconds. By default, the control plane
 * keeps content that nobody holds as long, and with it the proofs.
 */
const REPORTED_MS = 600_000;
/** Maximum number of digests whose reports are remembered. */
const MAX_REPORTED = 20_000;
/** Maximum number of reports of a digest that are remembered. */
const MAX_REPORTS = 64;

/** Dependencies of ProofRecorder. */
export interface ProofRecorderParts {
  readonly knowledge: Pick<Knowledge, 'putProof' | 'knownProof'>;
  readonly journal: Pick<PullJournal, 'append' | 'depth'>;
  readonly clock: Clock;
}

/** Records that blobs arrived in the store, and for which organizations their bytes are proven. */
export class ProofRecorder {
  /**
   * When the proofs of a digest were reported last, in milliseconds since the epoch, by {@link
   * reportKeys}.
   */
  private readonly reported = new LRUCache<Digest, Map<string, number>>({ max: MAX_REPORTED });

  constructor(private readonly parts: ProofRecorderParts) {}

  /**
   * Makes the proof of a fill known to this data plane, for every organization that took part.
   * Synchronous: a request that comes too late to join the fill finds the proof.
   */
  provenByFill({ digest, owners, upstreamRepository }: FilledBlob): void {
    if (upstreamRepository === undefined) return;
    for (const { organizationUid, identities } of owners) {
      this.parts.knowledge.putProof(identities, digest, upstreamRepository);
      // The report follows when the bytes are stored. Completion may find them before.
      this.remember({ organizationUid, digest, identities, upstreamRepository });
    }
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

  /**
   * Records again that a blob is stored and proven for the organization of a target, unless this
   * process reported the proof recently. The first report may be lost: the journal was full, the
   * process died before it wrote the report, or another data plane had the blob removed in the
   * meantime. The control plane then counts the blob as missing although it is served.
   */
  async storedAndProven(target: PullTarget, digest: Digest, size: number): Promise<void> {
    const proof = this.parts.knowledge.knownProof(target, digest);
    if (proof === undefined) return;
    const report = { organizationUid: target.key.organizationUid, digest, ...proof };
    if (!this.isRemembered(report)) await this.append({ ...report, size });
  }

  /** Forgets which proofs of a digest were reported, because its bytes are removed. */
  forgetReports(digest: Digest): void {
    this.reported.delete(digest);
  }

  private isRemembered(report: ProofReport): boolean {
    const known = this.reported.get(report.digest);
    const now = this.parts.clock.steady();
    return reportKeys(report).every((key) => Math.abs(now - (known?.get(key) ?? Number.NaN)) < REPORTED_MS);
  }

  private remember(report: ProofReport): void {
    const known = this.reported.get(report.digest);
    const reports = known === undefined || known.size >= MAX_REPORTS ? new Map<string, number>() : known;
    this.reported.set(report.digest, reports);
    for (const key of reportKeys(report)) reports.set(key, this.parts.clock.steady());
  }

  private async append(arrival: {
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
    this.remember({ organizationUid, digest, identities, upstreamRepository });
    const { journal } = this.parts;
    const { dropped } = journal.depth();
    await journal.append({ blob: { organizationUid, digest, size, ...bytes, identities, upstreamRepository } });
    // Perhaps another record was dropped. Then the proof is reported once more than needed.
    if (journal.depth().dropped === dropped) return;
    this.forgetReports(digest);
  }
}

/** A proof that was reported for an organization. */
interface ProofReport extends KnownProof {
  readonly organizationUid: string;
  readonly digest: Digest;
}

function reportKeys({ organizationUid, identities, upstreamRepository }: ProofReport): readonly string[] {
  return identities.map((identity) => `${organizationUid} ${identity} ${upstreamRepository}`);
}
