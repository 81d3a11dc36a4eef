import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { HoldingsStore } from '../holdings/holdings.store';
import type { ManifestStore } from '../content/manifest.store';
import type { RepositoryStore } from '../content/repository.store';
import type { TagStore } from '../content/tag.store';
import type { UsesInForce } from '../in-use/content-use';
import { evictionOrder } from './eviction-order';
import { FreedBytes } from './freed-bytes';
import { LeftChildren, type Place, placeInOrder } from './left-children';
import { type CachedImage, loadImages } from '../content/load-images';

/** Where the plan reads. */
export interface EvictionStores {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly holdings: HoldingsStore;
  readonly repositories: RepositoryStore;
}

/** What room is to be made, and what must stay. */
export interface EvictionGoal {
  readonly originVersion: string;
  /** Bytes to free at least. */
  readonly bytes: bigint;
  /** Content that is needed for what room is made for: it frees nothing. */
  readonly pinned: ReadonlySet<string>;
  /** Manifests that stay, whatever else of their image goes. */
  readonly keep: ReadonlySet<number>;
  /** The manifest that leaves service with what room is made for. */
  readonly leaving: ManifestRow | undefined;
  readonly uses: UsesInForce;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Images that may go at most; then the plan falls short. */
  readonly maxVictims: number;
}

/** Which images go, in the order in which they leave. */
export interface EvictionPlan {
  readonly victims: readonly CachedImage[];
  /** Bytes that they free together. */
  readonly freed: bigint;
  /** Whether that is enough. */
  readonly enough: boolean;
}

/** Images that one plan looks at, at most: thousands that free next to nothing must not hold up a pull. */
const MAX_CONSIDERED = 5_000;
/** How long an image of which blobs are still missing counts as being pulled, in milliseconds since it was last asked for. */
const ARRIVING_MS = 30_000;
/** Victims up to which it is looked whether each is really needed. */
const MAX_REVIEWED = 64;

/** An image that is to go; one that indexes named only goes together with them. */
interface Victim {
  readonly image: CachedImage;
  /** Ids of those indexes. */
  readonly parents: readonly number[];
}

/**
 * Works out which images are to go, without touching any: the first in the order that are not in use, as many as free the
 * bytes. What turns out not to be needed together with those that came after it stays.
 */
export async function planEviction(
  queries: Queries,
  stores: EvictionStores,
  goal: EvictionGoal,
): Promise<EvictionPlan> {
  const before = new FreedBytes(goal.pinned);
  const after = new FreedBytes(goal.pinned);
  const victims: Victim[] = [];
  const children = new LeftChildren();
  let freed = 0n;
  let considered = 0;
  const isDone = (): boolean => freed >= goal.bytes || victims.length >= goal.maxVictims;
  const load = async (rows: readonly ManifestRow[]) => {
    considered += rows.length;
    const roots = rows.filter(({ id }) => !goal.keep.has(id));
    const images = await loadImages(queries, stores, roots, goal.keep);
    await learn(queries, stores.holdings, goal.originVersion, images, before, after);
    return { images, names: await repositoryNames(queries, stores.repositories, images) };
  };
  type Loaded = Awaited<ReturnType<typeof load>>;
  const consider = (image: CachedImage, { names }: Loaded, place: Place, parents: readonly number[]): void => {
    if (isInUse(image, names, before, goal)) return;
    freed += after.release(image);
    victims.push({ image, parents });
    children.take(image, place);
  };
  const considerChildren = async (until: Place | undefined): Promise<void> => {
    while (!isDone()) {
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
    if (isDone() || considered >= MAX_CONSIDERED) break;
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
  ...pictures: readonly FreedBytes[]
): Promise<void> {
  const unknown = pictures[0]!.unknown(images);
  const held = await holdings.find(queries, originVersion, unknown.digests);
  const parts = await holdings.findParts(queries, originVersion, unknown.parts);
  for (const picture of pictures) picture.learn(held.values(), parts);
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

/** The last one was needed to free enough; those before it may not have been, once it goes. The most recently used stay first. */
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
