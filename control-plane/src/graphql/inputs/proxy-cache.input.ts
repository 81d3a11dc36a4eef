import { Field, InputType } from 'type-graphql';
import { PROXY_CACHE_SETTINGS } from '../../tenancy/organizations/proxy-cache';
import { MAX_PASSWORD, UPSTREAM_RULE } from '../../tenancy/organizations/validate-proxy-cache';
import { inputFields } from '../types/setting-fields';

/** The proxy configuration of an organization. */
@InputType('ProxyCacheInput', {
  description:
    'A whole proxy configuration. Fields that are omitted or null have their defaults, except upstreamPassword.',
})
export class ProxyCacheInput extends inputFields(PROXY_CACHE_SETTINGS) {
  @Field(() => String, {
    description: `${UPSTREAM_RULE}. If the host or the namespace changes, the cached content is discarded.`,
  })
  upstream!: string;

  @Field(() => String, {
    nullable: true,
    description: `Write-only, at most ${MAX_PASSWORD} bytes. Requires upstreamUsername. Omitted: the stored password is kept, but removed if host or port of the upstream, insecure or caCertificate change, so that it is never sent to another server or without the same protection; hasCredentials is then false until the password is set again. Null or empty: the password is removed.`,
  })
  upstreamPassword?: string | null;
}
