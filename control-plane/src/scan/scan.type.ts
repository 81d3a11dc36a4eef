import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { PageInfoType } from '../graphql/pagination';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { Severity } from './severity';

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
registerEnumType(ScanState, { name: 'ScanState' });

/** How many vulnerabilities there are of each severity. */
@ObjectType('VulnerabilitySummary')
export class VulnerabilitySummaryType {
  @Field(() => Int)
  total!: number;
  @Field(() => Int)
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
  @Field(() => Severity, { nullable: true })
  highest!: Severity | null;
}

/** A vulnerability of a package. */
@ObjectType('Vulnerability')
export class VulnerabilityType {
  @Field(() => String)
  name!: string;
  @Field(() => Severity)
  severity!: Severity;
  @Field(() => String)
  packageName!: string;
  @Field(() => String)
  packageVersion!: string;
  @Field(() => String, { nullable: true })
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
  @Field(() => [VulnerabilityEdge])
  edges!: VulnerabilityEdge[];
  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
  @Field(() => Int)
  totalCount!: number;
}

/** The scan of a manifest. */
@ObjectType('Scan')
export class ScanType {
  @Field(() => ScanState)
  state!: ScanState;
  @Field(() => DateTimeScalar, { nullable: true })
  queuedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true })
  startedAt!: number | null;
  @Field(() => DateTimeScalar, { nullable: true })
  finishedAt!: number | null;
  @Field(() => String, { nullable: true, description: "Clair's index_state that the result was made with." })
  indexerState!: string | null;
  @Field(() => Int)
  attempts!: number;
  @Field(() => String, { nullable: true })
  error!: string | null;
  @Field(() => VulnerabilitySummaryType)
  summary!: VulnerabilitySummaryType;
}
