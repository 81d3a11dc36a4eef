import { Field, ObjectType } from 'type-graphql';
import type { Organization } from '../../tenancy/organizations/organization';
import { PROXY_CACHE_SETTINGS, type ProxyCache, upstreamOf } from '../../tenancy/organizations/proxy-cache';
import { outputFields, toOutput } from './setting-fields';

/** The proxy configuration of an organization in GraphQL, without the password. */
@ObjectType('ProxyCacheConfig', { description: 'The proxy configuration of an organization.' })
export class ProxyCacheConfigType extends outputFields(PROXY_CACHE_SETTINGS) {
  /** Not a field. Identifies the organization. */
  organizationUid!: string;

  @Field(() => String, {
    description: 'host[:port][/namespace], for example docker.io, quay.io/coreos, registry.internal:5000',
  })
  upstream!: string;

  @Field(() => Boolean, { description: 'Whether a password is stored. It is never returned.' })
  hasCredentials!: boolean;
}

/** Converts the proxy configuration of an organization to its GraphQL type. */
export function toProxyCacheConfigType(organization: Organization, proxy: ProxyCache): ProxyCacheConfigType {
  return Object.assign(new ProxyCacheConfigType(), {
    ...toOutput(PROXY_CACHE_SETTINGS, proxy),
    organizationUid: organization.uid,
    upstream: upstreamOf(proxy),
    hasCredentials: proxy.sealedPassword !== undefined,
  });
}
