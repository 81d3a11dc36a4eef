import { HELD_ROLES } from '../../../../common/oci/held-role';
import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** What one repository needs a digest for, according to its manifests. */
export interface CountedPart {
  readonly isManifest: boolean;
  /** Manifests that name it as layer or config. */
  readonly namedBy: number;
}

/** What an origin needs a digest for, according to its manifests. Sizes are in bytes. */
export interface CountedHolding {
  /** By repository id. */
  readonly parts: ReadonlyMap<number, CountedPart>;
  /** The size as a manifest; undefined if it is not one. */
  readonly manifestSize: number | undefined;
  /** The sizes that manifests state for it. */
  readonly declared: { readonly least: number; readonly most: number } | undefined;
}

interface MutableCount {
  parts: Map<number, CountedPart>;
  manifestSize: number | undefined;
  declared: CountedHolding['declared'];
}

/**
 * Counts what an origin needs these digests for, from manifests and references alone, independent
 * of the ledger. Digests that nothing needs are left out. A manifest without a repository, and a
 * reference without a manifest, need nothing.
 */
export async function countHoldings(
  queries: Queries,
  originVersion: string,
  digests: readonly string[],
): Promise<ReadonlyMap<string, CountedHolding>> {
  const found = new Map<string, MutableCount>();
  const of = (digest: string): MutableCount => {
    const known = found.get(digest) ?? {
      parts: new Map<number, CountedPart>(),
      manifestSize: undefined,
      declared: undefined,
    };
    found.set(digest, known);
    return known;
  };
  for (const part of chunks(digests)) {
    // SQLite has no row counts; CROSS JOIN keeps it from scanning every manifest of a repository
    // (https://www.sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join).
    const manifests = await queries(`${Table.manifests} as m`)
      .crossJoin(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
      .whereIn('m.digest', part)
      .where('r.origin_version', originVersion)
      .select<{ repository_id: number; digest: string; size: number }[]>('m.repository_id', 'm.digest', 'm.size');
    for (const row of manifests) {
      const count = of(row.digest);
      count.parts.set(row.repository_id, { isManifest: true, namedBy: 0 });
      count.manifestSize = Math.max(row.size, count.manifestSize ?? 0);
    }
    const names = (await queries(`${Table.manifestReferences} as x`)
      .crossJoin(`${Table.manifests} as m`, 'm.id', 'x.manifest_id')
      .crossJoin(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
      .whereIn('x.digest', part)
      .whereIn('x.role', HELD_ROLES)
      .where('r.origin_version', originVersion)
      .groupBy('m.repository_id', 'x.digest')
      .select('m.repository_id', 'x.digest')
      .countDistinct({ names: 'x.manifest_id' })
      .min({ least: 'x.size' })
      .max({ most: 'x.size' })) as unknown as {
      repository_id: number;
      digest: string;
      names: number | string;
      least: number;
      most: number;
    }[];
    for (const row of names) {
      const count = of(row.digest);
      const isManifest = count.parts.get(row.repository_id)?.isManifest ?? false;
      count.parts.set(row.repository_id, { isManifest, namedBy: Number(row.names) });
      count.declared = {
        least: Math.min(row.least, count.declared?.least ?? row.least),
        most: Math.max(row.most, count.declared?.most ?? row.most),
      };
    }
  }
  return found;
}
