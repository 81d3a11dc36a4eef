import { Field, Int, ObjectType } from 'type-graphql';
import { UpstreamDeletePolicy } from './enums';
import { type Organization, type ProxyCache, upstreamOf } from '../../tenancy/organizations/organization';

/** How an organization mirrors its upstream, as GraphQL shows it: everything but the password. */
@ObjectType('ProxyCacheConfig', { description: 'How an organization mirrors its upstream.' })
export class ProxyCacheConfigType {
  /** Not a field: whose configuration this is. */
  organizationUid!: string;

  @Field(() => Boolean, { description: 'Off: pulls are refused, cached ones too.' })
  enabled!: boolean;

  @Field(() => String, {
    description: 'host[:port][/namespace], for example docker.io, quay.io/coreos, registry.internal:5000',
  })
  upstream!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Requests with ?ns=<this host> are answered from this organization.',
  })
  mirrorHost!: string | null;

  @Field(() => String, { nullable: true })
  upstreamUsername!: string | null;

  @Field(() => Boolean, { description: 'Whether a password is stored. It is never given back.' })
  hasCredentials!: boolean;

  @Field(() => Boolean, { description: 'Plain HTTP to the upstream.' })
  insecure!: boolean;

  @Field(() => String, { nullable: true, description: "PEM bundle trusted for this upstream besides the system's." })
  caCertificate!: string | null;

  @Field(() => Int, { description: 'A tag expires this many seconds after its last successful pull.' })
  expirationSeconds!: number;

  @Field(() => Int, {
    description: 'A tag that was checked less than this many seconds ago is served without asking upstream.',
  })
  revalidateAfterSeconds!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      'For how many seconds after its last check a tag is served while upstream fails; null = until it expires.',
  })
  staleIfErrorSeconds!: number | null;

  @Field(() => UpstreamDeletePolicy)
  onUpstreamDelete!: UpstreamDeletePolicy;

  @Field(() => Boolean, { description: 'Whether blobs that a client had already are fetched in the background.' })
  completeImages!: boolean;

  @Field(() => [String], {
    description: 'Patterns of upstream repositories that may be pulled (* within a component, ** across); empty = all.',
  })
  allowRepositories!: readonly string[];

  @Field(() => [String], { description: 'Patterns of upstream repositories that may not be pulled; they win.' })
  denyRepositories!: readonly string[];
}

/** The proxy configuration of an organization. */
export function toProxyCacheConfigType(organization: Organization, proxy: ProxyCache): ProxyCacheConfigType {
  return Object.assign(new ProxyCacheConfigType(), {
    organizationUid: organization.uid,
    enabled: proxy.enabled,
    upstream: upstreamOf(proxy),
    mirrorHost: proxy.mirrorHost ?? null,
    upstreamUsername: proxy.username ?? null,
    hasCredentials: proxy.sealedPassword !== undefined,
    insecure: proxy.insecure,
    caCertificate: proxy.caCertificate ?? null,
    expirationSeconds: proxy.expirationSeconds,
    revalidateAfterSeconds: proxy.revalidateAfterSeconds,
    staleIfErrorSeconds: proxy.staleIfErrorSeconds ?? null,
    onUpstreamDelete: proxy.onUpstreamDelete,
    completeImages: proxy.completeImages,
    allowRepositories: proxy.allowRepositories,
    denyRepositories: proxy.denyRepositories,
  });
}
