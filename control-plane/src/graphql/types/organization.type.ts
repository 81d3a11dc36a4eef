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

/** An organization, as GraphQL shows it; what is cached of it is in organization.resolver.ts. */
@ObjectType('Organization', {
  implements: NodeType,
  description: 'The first part of a pull path: a mirror of one upstream, with its limits.',
})
export class OrganizationType extends outputFieldsOver(ORGANIZATION_SETTINGS, NodeType) {
  /** Not a field: what resolvers work with. */
  organization!: Organization;

  @Field(() => String)
  name!: string;

  @Field(() => DateTimeScalar)
  createdAt!: number;

  @Field(() => DateTimeScalar)
  updatedAt!: number;

  @Field(() => Int, {
    description: 'Goes up by one with every change; give it back as expectedVersion to be told of a change in between.',
  })
  version!: number;

  @Field(() => ProxyCacheConfigType, { nullable: true, description: 'null: the organization mirrors no upstream.' })
  proxyCache!: ProxyCacheConfigType | null;

  @Field(() => QuotaType, { nullable: true, description: 'null: no limit.' })
  quota!: QuotaType | null;

  @Field(() => ScanPolicyType, {
    nullable: true,
    description: 'null: every image is served, whatever its scan says.',
  })
  scanPolicy!: ScanPolicyType | null;
}

/** The organization as GraphQL shows it. */
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

/** A page of organizations, by name. */
@ObjectType('OrganizationConnection')
export class OrganizationConnection {
  /** Not a field: counts when `totalCount` is asked for. */
  count!: () => Promise<number>;

  @Field(() => [OrganizationEdge])
  edges!: OrganizationEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'How many there are on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
