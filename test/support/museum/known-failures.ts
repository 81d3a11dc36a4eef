import { PROFILES } from '.';
import type { OperationName } from './operations';

/** The failing operations of a registry, with what was observed. */
export type FailuresOfProfile = Readonly<Partial<Record<OperationName, string>>>;

const LIMIT_SCOPE = 'Blobs and tags are refused with 429 although only manifests are limited.';
const BLOB_HEAD = 'GET of a blob is refused with 403, because HEAD of the blob is refused.';
const FOREIGN_CHALLENGE = 'The challenge after the redirect is not answered: 403.';
const LARGE_HEADERS = 'A redirect of a blob whose headers have more than 16 KiB is answered with 502.';
const MANIFEST_HEAD = 'A cached tag is answered with 404, because HEAD of the manifest is answered with 404.';

/** Everything that needs a blob, or that needs any answer at all. */
const ALL_BLOBS = [
  'cold',
  'warm',
  'head',
  'moved',
  'index',
  'referrers',
  'pass-through',
  'expired',
  'revoked',
] as const;

/**
 * What Layover does wrong today, by the key of the profile and the operation. The suite fails if
 * one of these operations succeeds, so that the list can only shrink.
 */
export const KNOWN_FAILURES: Readonly<Record<string, FailuresOfProfile>> = merge(
  each(
    PROFILES.map(({ key }) => key),
    ['limit-scope'],
    LIMIT_SCOPE,
  ),
  each(['docker-hub', 'ghcr', 'ecr-public'], ['pass-through'], BLOB_HEAD),
  each(['lscr'], [...ALL_BLOBS, 'tags', 'limit', 'limit-scope', 'missing', 'outage'], FOREIGN_CHALLENGE),
  each(['artifact-registry'], [...ALL_BLOBS, 'limit', 'private', 'missing', 'outage'], LARGE_HEADERS),
  each(['nexus'], ['warm', 'head', 'moved', 'private'], MANIFEST_HEAD),
  each(['quay'], ['tags'], 'The list ends after the first page, as if it were complete.'),
  each(['gcr'], ['tags'], 'A list of more than 8 MiB is answered with 502.'),
  each(['harbor'], ['referrers'], 'The answer of the upstream, an object without manifests, is answered with 502.'),
  each(['ecr-public'], ['revoked'], 'The 400 to a token that has ended is passed on as 502.'),
);

function each(
  profiles: readonly string[],
  operations: readonly OperationName[],
  observed: string,
): Record<string, FailuresOfProfile> {
  const failures = Object.fromEntries(operations.map((operation) => [operation, observed]));
  return Object.fromEntries(profiles.map((profile) => [profile, failures]));
}

function merge(...all: readonly Record<string, FailuresOfProfile>[]): Record<string, FailuresOfProfile> {
  const merged: Record<string, FailuresOfProfile> = {};
  for (const part of all) {
    for (const [profile, failures] of Object.entries(part)) merged[profile] = { ...merged[profile], ...failures };
  }
  return merged;
}
