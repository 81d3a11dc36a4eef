import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ManifestStore } from '../content/manifest.store';

/**
 * Manifests in the first read. Each following read doubles, up to {@link MAX_PAGE}: one or two
 * manifests are usually enough.
 */
const FIRST_PAGE = 8;
const MAX_PAGE = 128;

/**
 * Yields the manifests of an origin in eviction order (docs/design/bounds.md#eviction): manifests
 * that only the time machine keeps, oldest first; then `leaving`, which the current admission
 * replaces; then all others, least recently pulled first, tagged or not. Reads an index page by
 * page, so that the cost of the first manifests does not depend on their number.
 */
export async function* evictionOrder(
  queries: Queries,
  manifests: ManifestStore,
  originVersion: string,
  leaving: ManifestRow | undefined,
): AsyncGenerator<readonly ManifestRow[], void, undefined> {
  yield* pages(queries, manifests, originVersion, 0);
  if (leaving !== undefined) yield [leaving];
  const others = (page: readonly ManifestRow[]): readonly ManifestRow[] => page.filter(({ id }) => id !== leaving?.id);
  for await (const page of merged(
    pages(queries, manifests, originVersion, 1),
    pages(queries, manifests, originVersion, 2),
  ))
    if (others(page).length > 0) yield others(page);
}

async function* pages(
  queries: Queries,
  manifests: ManifestStore,
  originVersion: string,
  evictionClass: 0 | 1 | 2,
): AsyncGenerator<readonly ManifestRow[], void, undefined> {
  let after: ManifestRow | undefined;
  for (let size = FIRST_PAGE; ; size = Math.min(size * 2, MAX_PAGE)) {
    const page = await manifests.leaving(queries, originVersion, evictionClass, after, size);
    if (page.length > 0) yield page;
    if (page.length < size) return;
    after = page.at(-1);
  }
}

/**
 * Merges two ordered lists. Yields only rows whose place is certain, which is up to the end of the
 * shorter read.
 */
async function* merged(
  a: AsyncGenerator<readonly ManifestRow[], void, undefined>,
  b: AsyncGenerator<readonly ManifestRow[], void, undefined>,
): AsyncGenerator<readonly ManifestRow[], void, undefined> {
  const sides = [
    { source: a, rows: [] as ManifestRow[], ended: false },
    { source: b, rows: [] as ManifestRow[], ended: false },
  ];
  for (;;) {
    for (const side of sides) {
      if (side.ended || side.rows.length > 0) continue;
      const next = await side.source.next();
      if (next.done === true) side.ended = true;
      else side.rows.push(...next.value);
    }
    const page: ManifestRow[] = [];
    while (sides.every(({ ended, rows }) => ended || rows.length > 0)) {
      const [left, right] = sides.map(({ rows }) => rows[0]);
      if (left === undefined && right === undefined) break;
      const first = right === undefined || (left !== undefined && isBefore(left, right)) ? sides[0]! : sides[1]!;
      page.push(first.rows.shift()!);
    }
    if (page.length === 0) return;
    yield page;
  }
}

function isBefore(a: ManifestRow, b: ManifestRow): boolean {
  return a.eviction_at < b.eviction_at || (a.eviction_at === b.eviction_at && a.id < b.id);
}
