import { type Digest, parseDigest } from './digest';

declare const repositoryBrand: unique symbol;
declare const tagBrand: unique symbol;

/** A repository name that follows the grammar of the OCI distribution specification. */
export type RepositoryName = string & { readonly [repositoryBrand]: true };
/** A tag that follows the grammar of the OCI distribution specification. */
export type Tag = string & { readonly [tagBrand]: true };

/** Reference of a manifest: a tag or a digest, never both. */
export type Reference =
  { readonly kind: 'tag'; readonly tag: Tag } | { readonly kind: 'digest'; readonly digest: Digest };

/** Longest repository name in characters, without the host (limit of the distribution registry). */
export const MAX_REPOSITORY_LENGTH = 255;

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/**
 * Parses a repository name. Returns undefined if it is invalid (OCI distribution specification,
 * "Pulling manifests").
 */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text) ? (text as RepositoryName) : undefined;
}

/**
 * Parses a tag. Returns undefined if it is invalid (OCI distribution specification, "Pulling
 * manifests").
 */
export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}

/**
 * Parses a digest if the text contains a colon, and a tag otherwise. Returns undefined if it is
 * invalid.
 */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  const tag = parseTag(text);
  return tag === undefined ? undefined : { kind: 'tag', tag };
}

/** Returns the reference as a client writes it. */
export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
