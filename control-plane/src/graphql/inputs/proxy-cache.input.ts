import { Field, InputType } from 'type-graphql';
import { PROXY_CACHE_SETTINGS } from '../../tenancy/organizations/proxy-cache';
import { MAX_PASSWORD, UPSTREAM_RULE } from '../../tenancy/organizations/validate-proxy-cache';
import { inputFields } from '../types/setting-fields';

/** How an organization is to mirror its upstream. */
@InputType('ProxyCacheInput', {
  description:
    'The whole configuration. A field that is left out, or null, has its default; upstreamPassword is an exception.',
})
export class ProxyCacheInput extends inputFields(PROXY_CACHE_SETTINGS) {
  @Field(() => String, {
    description: `${UPSTREAM_RULE}. A change of host or namespace ends what was cached.`,
  })
  upstream!: string;

  @Field(() => String, {
    nullable: true,
    description: `Write-only, at most ${MAX_PASSWORD} bytes; needs upstreamUsername. Left out: the stored password is kept, unless the upstream's host or port changes; then it is removed and never sent to the new host. null or empty: the password is removed.`,
  })
  upstreamPassword?: string | null;
}
