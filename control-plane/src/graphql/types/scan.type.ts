import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { AdvisoryRow, ScanFindingRow, ScanRow } from '../../../../schema/scan-tables';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { Severity } from './enums';
import { severityOf } from '../../tenancy/organizations/severity';

/** How far the scan of a manifest is. */
export const ScanState = {
  WAITING_FOR_LAYERS: 'WAITING_FOR_LAYERS',
  QUEUED: 'QUEUED',
  INDEXING: 'INDEXING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  UNSUPPORTED: 'UNSUPPORTED',
} as const;
export type ScanState = (typeof ScanState)[keyof typeof ScanState];
registerEnumType(ScanState, {
  name: 'ScanState',
  description: 'How far the scan of a manifest is.',
  valuesConfig: {
    WAITING_FOR_LAYERS: { description: 'Some of its blobs are not cached.' },
    QUEUED: { description: 'It is to be indexed; `error` says what it waits for where Clair is away.' },
    INDEXING: { description: 'Clair works on it.' },
    COMPLETED: { description: 'Clair knows it; its report is read again now and then.' },
    FAILED: { description: '`error` says why; it is tried again where `nextAttemptAt` is not null.' },
    UNSUPPORTED: { description: 'It has no layers that Clair takes; `error` says why.' },
  },
});

/** How many vulnerabilities there are of each severity. */
@ObjectType('VulnerabilitySummary', {
  description: 'How many vulnerabilities of packages there are; one that concerns two packages counts twice.',
})
export class VulnerabilitySummaryType {
  @Field(() => Int)
  total!: number;
  @Field(() => Int, { description: 'Those of which a version of the package is known that is without.' })
  fixable!: number;
  @Field(() => Int)
  critical!: number;
  @Field(() => Int)
  high!: number;
  @Field(() => Int)
  medium!: number;
  @Field(() => Int)
  low!: number;
  @Field(() => Int)
  negligible!: number;
  @Field(() => Int)
  unknown!: number;
  @Field(() => Severity, { nullable: true, description: 'Of the worst; null = there are none.' })
  highest!: Severity | null;
}

/** A vulnerability of a package. */
@ObjectType('Vulnerability')
export class VulnerabilityType {
  @Field(() => String, { description: 'As its source calls it, for example CVE-2023-5678.' })
  name!: string;
  @Field(() => Severity)
  severity!: Severity;
  @Field(() => String)
  packageName!: string;
  @Field(() => String)
  packageVersion!: string;
  @Field(() => String, { nullable: true, description: 'null: no version without it is known.' })
  fixedInVersion!: string | null;
  @Field(() => String)
  description!: string;
  @Field(() => [String])
  links!: string[];
  @Field(() => DigestScalar, { nullable: true, description: 'The layer that brought it.' })
  introducedIn!: string | null;
  @Field(() => String, { nullable: true })
  distribution!: string | null;
}

/** A vulnerability in a list. */
@ObjectType('VulnerabilityEdge')
export class VulnerabilityEdge {
  @Field(() => VulnerabilityType)
  node!: VulnerabilityType;
  @Field(() => String)
  cursor!: string;
}

/** A page of vulnerabilities. */
@ObjectType('VulnerabilityConnection')
export class VulnerabilityConnection {
  /** Not a field: counts when `totalCount` is asked for. */
  count!: () => Promise<number>;
  @Field(() => [VulnerabilityEdge])
  edges!: VulnerabilityEdge[];
  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
  @Field(() => Int, { description: 'How many there are on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}

/** The scan of a manifest. */
@ObjectType('Scan', {
  description:
    'The scan of an image. While it is scanned anew, counts and vulnerabilities are those of its latest result. That of an index has the state of ' +
    'its cached images together, and the counts and vulnerabilities of the worst of them.',
})
export class ScanType {
  /** Not a field: the image whose vulnerabilities are listed. */
  digest!: string;

  @Field(() => ScanState)
  state!: ScanState;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was last queued to be indexed.' })
  queuedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When Clair was last given it.' })
  startedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When indexing last ended, well or badly.' })
  finishedAt!: number | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: "When Clair's report was last read; null: it never was.",
  })
  reportedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'FAILED and QUEUED: not before; null: not by itself.' })
  nextAttemptAt!: number | null;
  @Field(() => String, { nullable: true, description: "Clair's index_state that the result was made with." })
  indexerState!: string | null;
  @Field(() => Int, {
    description: 'Tries at indexing it since it was queued; those in which Clair was away do not count.',
  })
  attempts!: number;
  @Field(() => String, { nullable: true, description: 'Why it failed, or what it waits for.' })
  error!: string | null;
  @Field(() => VulnerabilitySummaryType)
  summary!: VulnerabilitySummaryType;
}

/** The scan of a row; `worst` is the row that counts and vulnerabilities are of, where it is another one. */
export function toScanType(row: ScanRow, worst: ScanRow = row): ScanType {
  const isWaiting = row.work === 'INDEX' && (row.state === 'FAILED' || row.state === 'QUEUED');
  return Object.assign(new ScanType(), {
    digest: worst.digest,
    state: row.state as ScanState,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    reportedAt: worst.reported_at,
    // 1: somebody waits for it.
    nextAttemptAt: isWaiting && row.due_at !== null && row.due_at > 1 ? row.due_at : null,
    indexerState: worst.reported_at === null ? null : worst.indexer_state,
    attempts: row.attempts,
    error: row.error,
    summary: toSummary(worst),
  });
}

/** A finding as GraphQL shows it; `advisory` undefined = its text is gone. */
export function toVulnerabilityType(row: ScanFindingRow, advisory: AdvisoryRow | undefined): VulnerabilityType {
  return Object.assign(new VulnerabilityType(), {
    name: row.vulnerability,
    severity: severityOf(row.severity),
    packageName: row.package_name,
    packageVersion: row.package_version,
    fixedInVersion: row.fixed_in,
    description: advisory?.description ?? '',
    links: advisory === undefined ? [] : (JSON.parse(advisory.links) as string[]),
    introducedIn: row.introduced_in,
    distribution: row.distribution,
  });
}

function toSummary(row: ScanRow): VulnerabilitySummaryType {
  const { total, fixable, critical, high, medium, low, negligible, unknown } = row;
  const counts = { CRITICAL: critical, HIGH: high, MEDIUM: medium, LOW: low, NEGLIGIBLE: negligible, UNKNOWN: unknown };
  const worst = (Object.keys(counts) as Severity[]).find((severity) => counts[severity] > 0);
  return Object.assign(new VulnerabilitySummaryType(), {
    total,
    fixable,
    critical,
    high,
    medium,
    low,
    negligible,
    unknown,
    highest: worst ?? null,
  });
}
