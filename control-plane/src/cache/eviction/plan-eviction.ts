import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { HoldingsStore } from '../holdings/holdings.store';
import type { ManifestStore } from '../content/manifest.store';
import type { RepositoryStore } from '../content/repository.store';
import type { TagStore } from '../content/tag.store';
import type { UsesInForce } from '../in-use/content-use';
import { evictionOrder } from './eviction-order';
import { FreedBytes } from './freed-bytes';
import { OrphanedChildren, type EvictionPosition, placeInOrder } from './orphaned-children';
import { type CachedImage, loadImages } from '../content/load-images';

/** The stores that the plan reads. */
export interface EvictionStores {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly holdings: HoldingsStore;
  readonly repositories: RepositoryStore;
}

/** How much room is needed, and what must stay. */
export interface EvictionGoal {
  readonly originVersion: string;
  /** Minimum number of bytes to free. */
  readonly bytes: bigint;
  /** Digests that the new content needs. They free nothing. */
  readonly pinned: ReadonlySet<string>;
  /** Ids of manifests that must stay, even if the rest of their image is evicted. */
  readonly keep: ReadonlySet<number>;
  /** The manifest that the current admission replaces. */
  readonly leaving: ManifestRow | undefined;
  readonly uses: UsesInForce;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Maximum number of images to evict. A plan that reaches it may not free enough. */
  readonly maxVictims: number;
}

/** The images to evict, in eviction order. */
export interface EvictionPlan {
  readonly victims: readonly CachedImage[];
  /** Bytes that these images free together. */
  readonly freed: bigint;
  /** Whether `freed` reaches the goal. */
  readonly enough: boolean;
}

/**
 * Maximum number of images that one plan considers: thousands that free almost nothing must not
 * delay a pull.
 */
const MAX_CONSIDERED = 5_000;
/**
 * Number of blobs after which one plan considers no further images: an image has up to 1,000, and
 * whoever controls its upstream decides how many.
 */
const MAX_CONSIDERED_BLOBS = 50_000;
/**
 * Time since its last use, in milliseconds, for which an image with missing blobs counts as being
 * pulled.
 */
export const ARRIVING_MS = 30_000;
/** Maximum number of victims for which the plan checks whether each is needed. */
const MAX_REVIEWED = 64;

/** An image to evict. A child of indexes can only be evicted together with them. */
interface Victim {
  readonly image: CachedImage;
  /** Ids of these indexes. */
  readonly parents: readonly number[];
}

/**
 * Plans which images to evict, without changing anything: the first images in eviction order that
 * are not in use, until they free enough bytes. Images that turn out to be unneeded because of
 * later ones are dropped from the plan.
 */
export async function planEviction(
  queries: Queries,
  stores: EvictionStores,
  goal: EvictionGoal,
): Promise<EvictionPlan> {
  const before = new FreedBytes(goal.pinned);
  const after = new FreedBytes(goal.pinned);
  const victims: Victim[] = [];
  const children = new OrphanedChildren();
  let freed = 0n;
  let considered = 0;
  let blobs = 0;
  const isDone = (): boolean => freed >= goal.bytes || victims.length >= goal.maxVictims;
  const load = async (rows: readonly ManifestRow[]) => {
    considered += rows.length;
    const roots = rows.filter(({ id }) => !goal.keep.has(id));
    const images = await loadImages(queries, stores, roots, goal.keep);
    for (const { members } of images) for (const member of members) blobs += member.blobs.size;
    await learn(queries, stores.holdings, goal.originVersion, images, before, after);
    return { images, names: await repositoryNames(queries, stores.repositories, images) };
  };
  type Loaded = Awaited<ReturnType<typeof load>>;
  const consider = (
    image: CachedImage,
    { names }: Loaded,
    place: EvictionPosition,
    parents: readonly number[],
  ): void => {
    if (isInUse(image, names, before, goal)) return;
    freed += after.release(image);
    victims.push({ image, parents });
    children.take(image, place);
  };
  const considerChildren = async (until: EvictionPosition | undefined): Promise<void> => {
    while (!isDone() && blobs < MAX_CONSIDERED_BLOBS) {
      const child = children.nextBefore(until);
      if (child === undefined) return;
      const loaded = await load([child.row]);
      for (const image of loaded.images) consider(image, loaded, child.place, child.parents);
    }
  };
  for await (const page of evictionOrder(queries, stores.manifests, goal.originVersion, goal.leaving)) {
    const loaded = await load(page);
    for (const image of loaded.images) {
      const place = placeInOrder(image.root, goal.leaving);
      await considerChildren(place);
      if (isDone()) break;
      consider(image, loaded, place, []);
    }
    if (isDone() || considered >= MAX_CONSIDERED || blobs >= MAX_CONSIDERED_BLOBS) break;
  }
  await considerChildren(undefined);
  if (freed < goal.bytes) return { victims: victims.map(({ image }) => image), freed, enough: false };
  const needed = withoutUnneeded(victims, before, goal.bytes);
  return { victims: needed, freed: before.ofAll(needed), enough: true };
}

async function learn(
  queries: Queries,
  holdings: HoldingsStore,
  originVersion: string,
  images: readonly CachedImage[],
  ...calculations: readonly FreedBytes[]
): Promise<void> {
  const unknown = calculations[0]!.unknown(images);
  const held = await holdings.find(queries, originVersion, unknown.digests);
  const parts = await holdings.findParts(queries, originVersion, unknown.parts);
  for (const calculation of calculations) calculation.learn(held.values(), parts);
}

async function repositoryNames(
  queries: Queries,
  repositories: RepositoryStore,
  images: readonly CachedImage[],
): Promise<ReadonlyMap<number, string>> {
  const ids = [...new Set(images.map(({ root }) => root.repository_id))];
  return new Map((await repositories.findByIds(queries, ids)).map(({ id, name }) => [id, name]));
}

function isInUse(
  image: CachedImage,
  names: ReadonlyMap<number, string>,
  freedBytes: FreedBytes,
  { uses, now }: EvictionGoal,
): boolean {
  const { root, members } = image;
  if (root.used_at > now - ARRIVING_MS && freedBytes.isArriving(image)) return true;
  const repository = names.get(root.repository_id) ?? '';
  return members.some(({ row, blobs }) => uses.isPulled(repository, blobs, Math.max(row.used_at, root.used_at)));
}

/**
 * Drops victims that are not needed. The last victim was needed to free enough, but it can make
 * earlier ones unneeded. The most recently used images are spared first.
 */
function withoutUnneeded(victims: readonly Victim[], freedBytes: FreedBytes, bytes: bigint): readonly CachedImage[] {
  const imagesOf = (list: readonly Victim[]): readonly CachedImage[] => list.map(({ image }) => image);
  if (victims.length > MAX_REVIEWED) return imagesOf(victims);
  let needed = [...victims];
  for (const victim of victims.slice(0, -1).reverse()) {
    const others = needed.filter((other) => other !== victim);
    const own = new Set(victim.image.members.map(({ row }) => row.id));
    if (others.some(({ parents }) => parents.some((id) => own.has(id)))) continue;
    if (freedBytes.ofAll(imagesOf(others)) >= bytes) needed = others;
  }
  return imagesOf(needed);
}
