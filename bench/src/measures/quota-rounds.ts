import type { Database } from '../../../control-plane/src/db/database';
import { admission, blobRecord } from '../../../test/support/control-plane/builders';
import { type ImageShape, ownBytes, type SeedImage, seedImage } from '../content/seed-image';
import { repositoryName } from '../content/seed-content';
import type { SeedOrganization } from '../content/seed-organization';
import { median } from '../measure';
import type { MeasuredPlane } from '../plane/measured-plane';
import { type QuotaTimes, SHAPE } from './quota-shape';
import { Table } from '../../../schema/tables';

const OWN = BigInt(ownBytes(SHAPE));
/** Larger than every limit of this measure. */
const TOO_LARGE: ImageShape = { ...SHAPE, layerBytes: 1_000_000_000_000_000 };

interface Sample {
  readonly ms: number;
  readonly statements: number;
}

/**
 * Runs rounds of admissions into a seeded organization that is exactly full. After each round it
 * uses as many bytes as before. The limit is changed directly in its row, because a change through
 * the API would evict images.
 */
export class QuotaRounds {
  private readonly samples = new Map<string, Sample[]>();
  private admitted = 0;

  constructor(
    private readonly database: Database,
    private readonly plane: MeasuredPlane,
    private readonly organization: SeedOrganization,
    private readonly repositories: number,
  ) {}

  /** Runs `rounds` rounds after one round that is not measured. */
  async run(rounds: number): Promise<QuotaTimes> {
    const full = await this.used();
    for (let round = 0; round <= rounds; round++) {
      if (round === 1) this.samples.clear();
      await this.round(full);
    }
    return Object.fromEntries(
      [...this.samples].map(([what, samples]) => [
        what,
        {
          ms: median(samples.map(({ ms }) => ms)),
          statements: Math.max(...samples.map(({ statements }) => statements)),
        },
      ]),
    );
  }

  private async round(full: bigint): Promise<void> {
    await this.limit(full + OWN);
    await this.admit('admission that fits', 0n);
    await this.admit('admission that evicts one image', OWN);
    await this.limit(full - 8n * OWN);
    await this.admit('admission that evicts ten images', 10n * OWN);
    await this.refuse();
    await this.limit(full);
    for (let n = 0; n < 8; n++) await this.admit(undefined, 0n);
    if ((await this.used()) !== full) throw new Error(`The organization does not use ${full} bytes after a round`);
  }

  private async admit(what: string | undefined, evicts: bigint): Promise<void> {
    const before = await this.used();
    const image = this.next(SHAPE);
    const { decision } = await this.sampled(what, () => this.ask(image));
    if (decision !== 'ADMITTED') throw new Error(`An image that fits was not admitted: ${decision}`);
    await this.sampled(what && 'arrival of the blobs', () => this.arrive(image));
    const held = await this.used();
    if (held !== before + OWN - evicts)
      throw new Error(`${what ?? 'admission'}: ${held} bytes are used after the admission, ${before} before`);
  }

  private async refuse(): Promise<void> {
    const { decision } = await this.sampled('rejected admission', () => this.ask(this.next(TOO_LARGE)));
    if (decision !== 'REJECTED') throw new Error(`An image larger than the limit was not rejected: ${decision}`);
  }

  private next(shape: ImageShape): SeedImage {
    this.admitted += 1;
    return seedImage(this.organization.name, `new-${this.admitted}`, shape);
  }

  private ask(image: SeedImage) {
    const { uid, originVersion } = this.organization;
    const repository = repositoryName(this.admitted % this.repositories);
    const key = { organizationUid: uid, originVersion, repository };
    const { references, tag } = image;
    return this.plane.catalog.call(
      'AdmitManifest',
      admission(key, image.name, { references: [...references], tag, checkedAt: Date.now() }),
    );
  }

  private arrive(image: SeedImage) {
    const organizationUid = this.organization.uid;
    const records = [...image.own].map(([digest, size]) => blobRecord({ organizationUid, digest, size }, Date.now()));
    return this.plane.catalog.call('RecordPulls', { records });
  }

  private async sampled<T>(what: string | undefined, work: () => Promise<T>): Promise<T> {
    await this.plane.count();
    const started = performance.now();
    const result = await work();
    const ms = performance.now() - started;
    const { statements } = (await this.plane.count()).counts;
    if (what !== undefined) this.samples.set(what, [...(this.samples.get(what) ?? []), { ms, statements }]);
    return result;
  }

  private async limit(bytes: bigint): Promise<void> {
    const { uid } = this.organization;
    await this.database.transaction(async (queries) => {
      await queries(Table.quotas).where('organization_uid', uid).delete();
      await queries(Table.quotas).insert({
        organization_uid: uid,
        limit_bytes: bytes.toString(),
        auto_prune: 1,
        on_oversize: 'REJECT',
        warning_percent: null,
      });
    });
  }

  /** Returns the used and reserved bytes. */
  private async used(): Promise<bigint> {
    const row = await this.database
      .reader(Table.originUsage)
      .where('origin_version', this.organization.originVersion)
      .first<{ readonly total: string }>(
        this.database.reader.raw('CAST(used_bytes + reserved_bytes AS CHAR) AS total'),
      );
    return BigInt(row.total);
  }
}
