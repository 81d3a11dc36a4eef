import { isHeldReference } from '../../../../common/oci/held-role';
import type { ManifestReferenceRow, ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { type HoldingKey, holdingKey, type HoldingsStore } from '../holdings/holdings.store';
import type { ManifestStore } from './manifest.store';

/** The cached part of an image or index. */
export interface ImageContents {
  /**
   * Bytes of the manifest, its blobs and its children, as far as the origin holds them. Each blob
   * counts once.
   */
  readonly bytes: bigint;
  /** Whether the origin holds all blobs and children, at every level. */
  readonly complete: boolean;
}

/** Maximum depth of nested indexes (docs/design/pull-semantics.md#manifest-limits). */
const MAX_DEPTH = 4;

interface Node {
  readonly manifest: ManifestRow;
  readonly references: readonly ManifestReferenceRow[];
  readonly children: readonly (Node | undefined)[];
}

/**
 * Returns what the origins of these manifests hold of them, by manifest id. Bytes in the store that
 * are not proven for the organization do not count. The number of queries depends on
 * the levels and repositories, not on the number of manifests.
 */
export async function imageContents(
  queries: Queries,
  { manifests, holdings }: { readonly manifests: ManifestStore; readonly holdings: HoldingsStore },
  roots: readonly ManifestRow[],
): Promise<ReadonlyMap<number, ImageContents>> {
  const nodes = await load(queries, manifests, roots, 0);
  const blobs: HoldingKey[] = [];
  for (const node of nodes.values())
    walk(node, (each) => blobReferences(each).forEach(({ digest }) => blobs.push(keyOf(each, digest))));
  const held = await holdings.heldSizes(queries, blobs);
  const contents = new Map<number, ImageContents>();
  for (const [id, node] of nodes) {
    const sizes = new Map<string, number>();
    let complete = true;
    walk(node, (each) => {
      sizes.set(each.manifest.digest, each.manifest.size);
      for (const { digest } of blobReferences(each)) {
        const size = held.get(holdingKey(keyOf(each, digest)));
        if (size === undefined) complete = false;
        else sizes.set(digest, size);
      }
      if (each.children.includes(undefined)) complete = false;
    });
    contents.set(id, { bytes: [...sizes.values()].reduce((sum, size) => sum + BigInt(size), 0n), complete });
  }
  return contents;
}

async function load(
  queries: Queries,
  store: ManifestStore,
  manifests: readonly ManifestRow[],
  depth: number,
): Promise<ReadonlyMap<number, Node>> {
  const references = groupBy(
    await store.references(
      queries,
      manifests.map(({ id }) => id),
    ),
    (row) => row.manifest_id,
  );
  const wanted = new Map<number, Set<string>>();
  for (const manifest of manifests) {
    for (const child of childReferences(references.get(manifest.id) ?? [])) {
      const digests = wanted.get(manifest.repository_id) ?? new Set();
      wanted.set(manifest.repository_id, digests.add(child.digest));
    }
  }
  const found: ManifestRow[] = [];
  for (const [repositoryId, digests] of depth < MAX_DEPTH ? wanted : [])
    found.push(...(await store.findByDigests(queries, repositoryId, [...digests])));
  const below = found.length === 0 ? new Map<number, Node>() : await load(queries, store, found, depth + 1);
  const byKey = new Map(found.map((row) => [`${row.repository_id} ${row.digest}`, below.get(row.id)]));
  return new Map(
    manifests.map((manifest) => {
      const own = references.get(manifest.id) ?? [];
      const children = childReferences(own).map((child) => byKey.get(`${manifest.repository_id} ${child.digest}`));
      return [manifest.id, { manifest, references: own, children }];
    }),
  );
}

function keyOf({ manifest }: Node, digest: string): HoldingKey {
  return { originVersion: manifest.origin_version, digest };
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const child of node.children) if (child !== undefined) walk(child, visit);
}

function blobReferences(node: Node): readonly ManifestReferenceRow[] {
  return node.references.filter(isHeldReference);
}

function childReferences(references: readonly ManifestReferenceRow[]): readonly ManifestReferenceRow[] {
  return references.filter(({ role }) => role === 'CHILD');
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => number): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
