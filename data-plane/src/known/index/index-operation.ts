import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, parseDigest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../access/repository-key';
import type { CachedManifest, CachedTag } from '../catalog';
import type { StoredReferrers } from '../knowledge';
import type { Shelf } from './shelf';
import type { ProofTable } from './proof-table';
import type { Shelves } from './shelves';

/** A change of the index, in memory and on disk. */
export type IndexOperation =
  | readonly ['tag', RepositoryKey, string, CachedTag | null]
  | readonly ['manifest', RepositoryKey, CachedManifest]
  | readonly ['blob', RepositoryKey, Descriptor]
  | ReferrersOperation
  | readonly ['forget', string, string, string, string]
  /** Identity, digest and upstream repository. */
  | readonly ['proof', string, Digest, string]
  /** Identity and digest; an empty string means all of them. */
  | readonly ['forget-proofs', string, string];

/**
 * Stores a page of referrers: key, content in base64, whether it is filtered, when it was checked,
 * and the position of the next page. A file of an earlier version has no positions.
 */
type ReferrersOperation = readonly [
  'referrers',
  RepositoryKey,
  string,
  string,
  boolean,
  number,
  { readonly query: string; readonly after?: string }?,
];

/** The whole content of the index in memory. */
export interface IndexContent {
  readonly shelves: Shelves;
  readonly proofs: ProofTable;
}

/** Applies an operation in memory. Applying it twice has the same effect as once. */
export function applyOperation({ shelves, proofs }: IndexContent, operation: IndexOperation): void {
  switch (operation[0]) {
    case 'tag': {
      const [, key, tag, value] = operation;
      if (value !== null) shelves.change(key, (shelf) => shelf.putTag(tag, value));
      else if (shelves.find(key) !== undefined) shelves.change(key, (shelf) => shelf.removeTag(tag));
      return;
    }
    case 'manifest':
      return shelves.change(operation[1], (shelf) => shelf.putManifest(operation[2]));
    case 'blob':
      return shelves.change(operation[1], (shelf) => shelf.putBlob(operation[2]));
    case 'referrers': {
      const [, key, name, content, filtered, checkedAt, next] = operation;
      const value = {
        ...{ content: Buffer.from(content, 'base64'), filtered, checkedAt },
        ...(next && { next: { query: next.query, after: next.after } }),
      };
      return shelves.change(key, (shelf) => shelf.putReferrers(name, value));
    }
    case 'forget':
      return shelves.forget(operation[1], operation[2], operation[3], operation[4]);
    case 'proof':
      return proofs.put(operation[1], operation[2], operation[3]);
    case 'forget-proofs':
      return proofs.forget(operation[1], parseDigest(operation[2]));
  }
}

/**
 * Returns the key by which a later operation replaces an earlier one: the later one alone leads to
 * the same state.
 */
export function operationKey(operation: IndexOperation, serial: number): string {
  if (operation[0] === 'forget' || operation[0] === 'forget-proofs') return `${operation[0]}\0${serial}`;
  if (operation[0] === 'proof') return operation.join('\0');
  const [kind, { organizationUid, originVersion, repository }] = operation;
  const place = `${kind}\0${organizationUid}\0${originVersion}\0${repository}`;
  switch (operation[0]) {
    case 'tag':
    case 'referrers':
      return `${place}\0${operation[2]}`;
    case 'manifest':
      return `${place}\0${operation[2].manifest.digest}`;
    case 'blob':
      return `${place}\0${operation[2].digest}`;
  }
}

/**
 * Yields the operations that build the content from nothing. The content may change meanwhile; such
 * changes are pending and are written afterwards.
 */
export function* allOperations({ shelves, proofs }: IndexContent): Iterable<IndexOperation> {
  for (const { key, shelf } of [...shelves.all()]) yield* operationsOf(key, shelf);
  for (const proof of proofs.all()) yield ['proof', ...proof];
}

function* operationsOf(key: RepositoryKey, shelf: Shelf): Iterable<IndexOperation> {
  for (const manifest of shelf.allManifests()) yield ['manifest', key, manifest];
  for (const blob of shelf.allBlobs()) yield ['blob', key, blob];
  for (const [tag, value] of shelf.tags) yield ['tag', key, tag, value];
  for (const [name, value] of shelf.allReferrers()) yield referrersOperation(key, name, value);
}

/** Returns the operation that stores a page of referrers under its key in the shelf. */
export function referrersOperation(repository: RepositoryKey, key: string, value: StoredReferrers): IndexOperation {
  const { content, filtered, checkedAt, next } = value;
  const common = ['referrers', repository, key, content.toString('base64'), filtered, checkedAt] as const;
  return next === undefined ? common : [...common, next];
}
