import type { ManifestRow } from '../../../../schema/tables';
import { placeOf } from '../content/classify-manifests';
import type { CachedImage, HeldChild } from '../content/load-images';

/** Where something stands in the order in which images leave: the smaller, the earlier. */
export type Place = readonly [phase: number, at: number, id: number];

/** The place of a manifest that no index names; `leaving`: it leaves service with what room is made for. */
export function placeInOrder(row: ManifestRow, leaving: ManifestRow | undefined): Place {
  if (row.id === leaving?.id) return [1, 0, row.id];
  return [row.eviction_class === 0 ? 0 : 2, row.eviction_at, row.id];
}

/** A child that every index that named it has left behind. */
export interface LeftChild {
  /** With the place that it has without them. */
  readonly row: ManifestRow;
  /** Ids of these indexes: it can only go when they go. */
  readonly parents: readonly number[];
  readonly place: Place;
}

/**
 * Children that stay when an index goes, until the last of their indexes is to go as well: from then on they leave as other images do.
 * One that a tag has does so in its tag's place. One that only indexes had goes right after the last of them.
 */
export class LeftChildren {
  private readonly gone = new Set<number>();
  private waiting: HeldChild[] = [];
  private left: LeftChild[] = [];

  /** An image is to go, from a place in the order. */
  take({ members, staying }: CachedImage, place: Place): void {
    for (const { row } of members) this.gone.add(row.id);
    this.waiting.push(...staying.filter(({ row }) => !this.waiting.some((other) => other.row.id === row.id)));
    const isLeft = ({ parents }: HeldChild): boolean => parents.every((id) => this.gone.has(id));
    for (const { row, parents, tags } of this.waiting.filter(isLeft)) {
      const placed = { ...row, ...placeOf(row, false, tags) };
      this.left.push({ row: placed, parents, place: tags === undefined ? place : placeInOrder(placed, undefined) });
    }
    this.waiting = this.waiting.filter((child) => !isLeft(child));
  }

  /** Takes out the first of those that leave no later than a place; undefined = before all others. */
  nextBefore(place: Place | undefined): LeftChild | undefined {
    const [first] = [...this.left].sort((a, b) => compare(a.place, b.place));
    if (first === undefined || (place !== undefined && compare(first.place, place) > 0)) return undefined;
    this.left = this.left.filter((child) => child !== first);
    return first;
  }
}

function compare(a: Place, b: Place): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
