import { type Digest, parseDigest } from './digest';

declare const repositoryBrand: unique symbol;
declare const tagBrand: unique symbol;

/** A repository name that follows the grammar of the OCI distribution specification. */
export type RepositoryName = string & { readonly [repositoryBrand]: true };
/** A tag that follows the grammar of the OCI distribution specification. */
export type Tag = string & { readonly [tagBrand]: true };

/** What a manifest is asked for by: a tag or a digest, never both. */
export type Reference =
  { readonly kind: 'tag'; readonly tag: Tag } | { readonly kind: 'digest'; readonly digest: Digest };

/** Longest repository name that is accepted, in characters (distribution's limit, host left out). */
export const MAX_REPOSITORY_LENGTH = 255;

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The repository name in `text`, or undefined (OCI distribution specification, "Pulling manifests"). */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  return text.length <= MAX_REPOSITORY_LENGTH && REPOSITORY.test(text) ? (text as RepositoryName) : undefined;
}

/** The tag in `text`, or undefined (OCI distribution specification, "Pulling manifests"). */
export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}

/** A digest where the text has a colon, a tag otherwise; undefined where it is neither. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  const tag = parseTag(text);
  return tag === undefined ? undefined : { kind: 'tag', tag };
}

/** The reference as a client writes it. */
export function formatReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
