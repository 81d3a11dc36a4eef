import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { AdvisoryRow, ScanFindingRow, ScanRow } from '../../../../schema/scan-tables';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { Severity } from './enums';
import { severityOf } from '../../tenancy/organizations/severity';

/** The progress of a scan. */
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
  description: 'The progress of a scan.',
  valuesConfig: {
    WAITING_FOR_LAYERS: { description: 'Some blobs of the image are not cached.' },
    QUEUED: { description: 'The image waits to be indexed. If Clair is unavailable, `error` has the reason.' },
    INDEXING: { description: 'Clair is indexing the image.' },
    COMPLETED: { description: 'Clair has indexed the image. Its report is refreshed periodically.' },
    FAILED: { description: 'The scan failed; `error` has the reason. It is retried if `nextAttemptAt` is not null.' },
    UNSUPPORTED: { description: 'The image has no layers that Clair accepts; `error` has the reason.' },
  },
});

/** The number of vulnerabilities by severity. */
@ObjectType('VulnerabilitySummary', {
  description: 'The number of vulnerabilities by severity. A vulnerability of two packages counts twice.',
})
export class VulnerabilitySummaryType {
  @Field(() => Int)
  total!: number;
  @Field(() => Int, { description: 'The number of vulnerabilities with a known fix.' })
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
  @Field(() => Severity, { nullable: true, description: 'The highest severity; null if there are no vulnerabilities.' })
  highest!: Severity | null;
}

/** A vulnerability of a package. */
@ObjectType('Vulnerability')
export class VulnerabilityType {
  @Field(() => String, {
    description: 'The name that the source of the vulnerability uses, for example CVE-2023-5678.',
  })
  name!: string;
  @Field(() => Severity)
  severity!: Severity;
  @Field(() => String)
  packageName!: string;
  @Field(() => String)
  packageVersion!: string;
  @Field(() => String, { nullable: true, description: 'Null if no fixed version is known.' })
  fixedInVersion!: string | null;
  @Field(() => String)
  description!: string;
  @Field(() => [String])
  links!: string[];
  @Field(() => DigestScalar, { nullable: true, description: 'The layer that introduced the package.' })
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
  /** Not a field; called when `totalCount` is requested. */
  count!: () => Promise<number>;
  @Field(() => [VulnerabilityEdge])
  edges!: VulnerabilityEdge[];
  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
  @Field(() => Int, { description: 'The number of items on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}

/** The scan of a manifest. */
@ObjectType('Scan', {
  description:
    'The scan of an image. During a rescan, the counts and vulnerabilities are those of the ' +
    'latest result. The scan of an index combines the states of its cached images, and has the ' +
    'counts and vulnerabilities of the worst of them.',
})
export class ScanType {
  /** Not a field; the digest of the image whose vulnerabilities are listed. */
  digest!: string;

  @Field(() => ScanState)
  state!: ScanState;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the image was last queued for indexing.' })
  queuedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When the image was last sent to Clair.' })
  startedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true, description: 'When indexing last ended, successfully or not.' })
  finishedAt!: number | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description: "When Clair's report was last read; null if it never was.",
  })
  reportedAt!: number | null;
  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'FAILED and QUEUED: the earliest time of the next attempt; null if there is none or the scan ' +
      'is next in the queue.',
  })
  nextAttemptAt!: number | null;
  @Field(() => String, { nullable: true, description: "Clair's index_state that produced the result." })
  indexerState!: string | null;
  @Field(() => Int, {
    description: 'Attempts to index the image since it was queued. Attempts while Clair was unavailable do not count.',
  })
  attempts!: number;
  @Field(() => String, { nullable: true, description: 'Why the scan failed, or what it waits for.' })
  error!: string | null;
  @Field(() => VulnerabilitySummaryType)
  summary!: VulnerabilitySummaryType;
}

/**
 * Returns the GraphQL object of a row. `worst` is the row with the counts and vulnerabilities, if
 * it is another one.
 */
export function toScanType(row: ScanRow, worst: ScanRow = row): ScanType {
  const isWaiting = row.work === 'INDEX' && (row.state === 'FAILED' || row.state === 'QUEUED');
  return Object.assign(new ScanType(), {
    digest: worst.digest,
    state: row.state as ScanState,
    queuedAt: row.queued_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    reportedAt: worst.reported_at,
    // A client waits for a scan with the due time 1.
    nextAttemptAt: isWaiting && row.due_at !== null && row.due_at > 1 ? row.due_at : null,
    indexerState: worst.reported_at === null ? null : worst.indexer_state,
    attempts: row.attempts,
    error: row.error,
    summary: toSummary(worst),
  });
}

/** Returns the GraphQL object of a finding. `advisory` is undefined if its text was deleted. */
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
