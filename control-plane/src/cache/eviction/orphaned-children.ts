import type { ManifestRow } from '../../../../schema/tables';
import { placeOf } from '../content/classify-manifests';
import type { CachedImage, HeldChild } from '../content/load-images';

/** The position in the eviction order. Smaller positions are evicted earlier. */
export type EvictionPosition = readonly [phase: number, at: number, id: number];

/**
 * Returns the place of a manifest that no index names. `leaving` is the manifest that the current
 * admission replaces.
 */
export function placeInOrder(row: ManifestRow, leaving: ManifestRow | undefined): EvictionPosition {
  if (row.id === leaving?.id) return [1, 0, row.id];
  return [row.eviction_class === 0 ? 0 : 2, row.eviction_at, row.id];
}

/** A child whose indexes are all planned for eviction. */
export interface OrphanedChild {
  /** With the place that it has without its indexes. */
  readonly row: ManifestRow;
  /** Ids of its indexes. The child can only be evicted together with them. */
  readonly parents: readonly number[];
  readonly place: EvictionPosition;
}

/**
 * Tracks children that stay when an index is evicted. When the last of their indexes is planned for
 * eviction, they become candidates themselves: a tagged child at the place of its tag, an untagged
 * child directly after its last index.
 */
export class OrphanedChildren {
  private readonly gone = new Set<number>();
  private waiting: HeldChild[] = [];
  private orphaned: OrphanedChild[] = [];

  /** Records that an image at a place in the order is planned for eviction. */
  take({ members, staying }: CachedImage, place: EvictionPosition): void {
    for (const { row } of members) this.gone.add(row.id);
    this.waiting.push(...staying.filter(({ row }) => !this.waiting.some((other) => other.row.id === row.id)));
    const isOrphaned = ({ parents }: HeldChild): boolean => parents.every((id) => this.gone.has(id));
    for (const { row, parents, tags } of this.waiting.filter(isOrphaned)) {
      const placed = { ...row, ...placeOf(row, false, tags) };
      this.orphaned.push({ row: placed, parents, place: tags === undefined ? place : placeInOrder(placed, undefined) });
    }
    this.waiting = this.waiting.filter((child) => !isOrphaned(child));
  }

  /**
   * Removes and returns the first child whose place is not after `place`. Without `place`, returns
   * the first of all. Returns undefined if there is none.
   */
  nextBefore(place: EvictionPosition | undefined): OrphanedChild | undefined {
    const [first] = [...this.orphaned].sort((a, b) => compare(a.place, b.place));
    if (first === undefined || (place !== undefined && compare(first.place, place) > 0)) return undefined;
    this.orphaned = this.orphaned.filter((child) => child !== first);
    return first;
  }
}

function compare(a: EvictionPosition, b: EvictionPosition): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
