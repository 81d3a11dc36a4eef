import { Field, Int, ObjectType } from 'type-graphql';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { type Organization, ORGANIZATION_SETTINGS } from '../../tenancy/organizations/organization';
import { ProxyCacheConfigType, toProxyCacheConfigType } from './proxy-cache.type';
import { ScanPolicyType, toScanPolicyType } from './scan-policy.type';
import { QuotaType, toQuotaType } from './quota.type';
import { outputFieldsOver, toOutput } from './setting-fields';

/** An organization in GraphQL. Its cached content is in organization.resolver.ts. */
@ObjectType('Organization', {
  implements: NodeType,
  description:
    'A named group of repositories with one upstream, settings, robots and a quota. Its name is the first component ' +
    'of the path of a pull.',
})
export class OrganizationType extends outputFieldsOver(ORGANIZATION_SETTINGS, NodeType) {
  /** Not a field, but the source for resolvers. */
  organization!: Organization;

  @Field(() => String)
  name!: string;

  @Field(() => DateTimeScalar)
  createdAt!: number;

  @Field(() => DateTimeScalar)
  updatedAt!: number;

  @Field(() => Int, {
    description: 'Increases by one with every change. Pass it as expectedVersion to detect concurrent changes.',
  })
  version!: number;

  @Field(() => ProxyCacheConfigType, { nullable: true, description: 'Null if the organization has no upstream.' })
  proxyCache!: ProxyCacheConfigType | null;

  @Field(() => QuotaType, { nullable: true, description: 'Null if the organization has no limit.' })
  quota!: QuotaType | null;

  @Field(() => ScanPolicyType, {
    nullable: true,
    description: 'Null if every image is served, regardless of its scan.',
  })
  scanPolicy!: ScanPolicyType | null;
}

/** Converts an organization to its GraphQL type. */
export function toOrganizationType(organization: Organization): OrganizationType {
  const { proxyCache, quota, scanPolicy } = organization;
  return Object.assign(new OrganizationType(), {
    ...toOutput(ORGANIZATION_SETTINGS, organization),
    organization,
    id: toGlobalId('Organization', organization.uid),
    name: organization.name,
    createdAt: organization.createdAt,
    updatedAt: organization.updatedAt,
    version: organization.version,
    proxyCache: proxyCache === undefined ? null : toProxyCacheConfigType(organization, proxyCache),
    quota: quota === undefined ? null : toQuotaType(quota),
    scanPolicy: scanPolicy === undefined ? null : toScanPolicyType(scanPolicy),
  });
}

/** An organization in a list. */
@ObjectType('OrganizationEdge')
export class OrganizationEdge {
  @Field(() => OrganizationType)
  node!: OrganizationType;

  @Field(() => String)
  cursor!: string;
}

/** A page of organizations, ordered by name. */
@ObjectType('OrganizationConnection')
export class OrganizationConnection {
  /** Not a field. Counts if `totalCount` is requested. */
  count!: () => Promise<number>;

  @Field(() => [OrganizationEdge])
  edges!: OrganizationEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'The number of items on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
