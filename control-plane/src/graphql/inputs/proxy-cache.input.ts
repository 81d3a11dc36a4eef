import { Field, InputType, Int } from 'type-graphql';
import { UpstreamDeletePolicy } from '../types/enums';
import { HOST_RULE, MAX_PATTERNS, PATTERN_RULE, UPSTREAM_RULE } from '../../tenancy/organizations/validate-proxy-cache';

/** Longest time that a setting may name, as the descriptions say it. */
const TO_TEN_YEARS = 'to 315360000 seconds (ten years)';

/** How an organization is to mirror its upstream. */
@InputType('ProxyCacheInput', {
  description: 'The whole configuration: what is left out, or null, has its default (but see upstreamPassword).',
})
export class ProxyCacheInput {
  @Field(() => String, {
    description: `${UPSTREAM_RULE}. A change of host or namespace ends what was cached.`,
  })
  upstream!: string;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'false: pulls are refused, cached ones too.',
  })
  enabled?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: `${HOST_RULE}. Requests with ?ns=<this host> are answered from this organization. CONFLICT when another organization has it.`,
  })
  mirrorHost?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'At most 255 characters without colon and control characters. Without it (or empty, which is null) upstream is asked anonymously.',
  })
  upstreamUsername?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Write-only, at most 16384 bytes; needs upstreamUsername. Left out: the stored one stays, unless the upstream's host or port changes: then it is dropped, never sent to the new host. null or empty: taken away.",
  })
  upstreamPassword?: string | null;

  @Field(() => Boolean, { nullable: true, defaultValue: false, description: 'Plain HTTP to the upstream.' })
  insecure?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "PEM certificates trusted for this upstream besides the system's, at most 65536 characters; empty = null.",
  })
  caCertificate?: string | null;

  @Field(() => Int, { nullable: true, defaultValue: 86400, description: `1 ${TO_TEN_YEARS}.` })
  expirationSeconds?: number | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description: `0 ${TO_TEN_YEARS}; 0 = upstream is always asked.`,
  })
  revalidateAfterSeconds?: number | null;

  @Field(() => Int, { nullable: true, description: `0 ${TO_TEN_YEARS}; null = until the tag expires.` })
  staleIfErrorSeconds?: number | null;

  @Field(() => UpstreamDeletePolicy, {
    nullable: true,
    defaultValue: UpstreamDeletePolicy.PROPAGATE,
    description: 'What becomes of a cached tag that upstream no longer has.',
  })
  onUpstreamDelete?: UpstreamDeletePolicy | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether blobs that a client had already are fetched in the background.',
  })
  completeImages?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    defaultValue: [],
    description: `At most ${MAX_PATTERNS} ${PATTERN_RULE}; empty = all may be pulled.`,
  })
  allowRepositories?: string[] | null;

  @Field(() => [String], {
    nullable: true,
    defaultValue: [],
    description: `At most ${MAX_PATTERNS} patterns as in allowRepositories; what they match may not be pulled.`,
  })
  denyRepositories?: string[] | null;
}
