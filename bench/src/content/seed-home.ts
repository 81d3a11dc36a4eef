import { mkdir, writeFile } from 'node:fs/promises';
import { systemClock } from '../../../common/runtime/clock';
import type { Home } from '../../../common/runtime/home';
import { createLogger } from '../../../common/runtime/logger';
import { mustDigest } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import { Database } from '../../../control-plane/src/db/database';
import { createLocalIndex } from '../../../data-plane/src/known/index/durable-local-index';
import { blobPathsAt } from '../../../data-plane/src/store/directory/blob-paths';
import { atATime } from '../load/read-blob';
import { type GrowthImage, growthImages } from './growth-images';
import { ContentSeeder, repositoryName } from './seed-content';
import { type SeedOrganization, seedOrganization } from './seed-organization';

/** The content of a home. */
export interface HomeContent {
  readonly organizations: number;
  /** Images of each organization. Each has one manifest and one tag. */
  readonly images: number;
}

/** Paths of manifests in the home that can be pulled, the same images in both lists. */
export interface PullablePaths {
  readonly byDigest: readonly string[];
  readonly byTag: readonly string[];
}

const DAY_MS = 86_400_000;
const IMAGES_PER_REPOSITORY = 100;
/** Images whose manifests are stored as files. Those of the others would only take space. */
const MOST_PULLABLE = 20_000;
/** Images that the local index receives; it has room for about half of them. */
const MOST_INDEXED = 100_000;
/** Images after which the local index is written. */
const INDEX_STEP = 5_000;
const FILES_AT_A_TIME = 16;
/** A prime number: its multiples spread over all images. */
const STRIDE = 1_000_003;

/** An image of one of the organizations. */
interface Place {
  readonly organization: SeedOrganization;
  readonly repository: string;
  readonly image: GrowthImage;
}

/**
 * Fills an empty home with what a data plane and a control plane keep of pulled images: the rows of
 * the database, the entries of the local index, and the manifests of up to 20,000 images, spread
 * over all of them. Tags are served without asking the upstream for a year.
 */
export async function seedHome(home: Home, content: HomeContent): Promise<PullablePaths> {
  const now = Date.now();
  const organizations = await seedDatabase(home, content, now);
  const imagesOf = organizations.map(({ name }) => growthImages(name));
  const repositories = Math.ceil(content.images / IMAGES_PER_REPOSITORY);
  const total = content.organizations * content.images;
  const placeOf = (number: number): Place => {
    const at = number % content.organizations;
    const image = Math.floor(number / content.organizations);
    return {
      organization: organizations[at]!,
      repository: repositoryName(image % repositories),
      image: imagesOf[at]!(image),
    };
  };
  await seedIndex(home, total, placeOf, now);
  const sample = Array.from({ length: Math.min(total, MOST_PULLABLE) }, (_, nth) => placeOf((nth * STRIDE) % total));
  await storeManifests(home, sample);
  const pathOf = ({ organization, repository }: Place, reference: string): string =>
    `/v2/${organization.name}/${repository}/manifests/${reference}`;
  return {
    byDigest: sample.map((place) => pathOf(place, place.image.digest)),
    byTag: sample.map((place) => pathOf(place, place.image.tag)),
  };
}

async function seedDatabase(home: Home, content: HomeContent, now: number): Promise<readonly SeedOrganization[]> {
  const database = Database.open({ dialect: 'sqlite', file: home.database }, createLogger('bench', 'warn'));
  try {
    await database.migrate();
    const organizations = await database.transaction(async (queries) => {
      const all: SeedOrganization[] = [];
      for (let number = 0; number < content.organizations; number += 1)
        all.push(await seedOrganization(queries, number, now, () => ({ revalidateAfterSeconds: 365 * 86_400 })));
      return all;
    });
    const seeder = new ContentSeeder(database);
    for (const organization of organizations)
      await seeder.fill(organization, {
        shape: growthImages(organization.name),
        images: content.images,
        repositories: Math.ceil(content.images / IMAGES_PER_REPOSITORY),
        at: () => now,
        expiresAt: () => now + 30 * DAY_MS,
      });
    return organizations;
  } finally {
    await database.close();
  }
}

async function seedIndex(home: Home, total: number, placeOf: (number: number) => Place, now: number): Promise<void> {
  const index = await createLocalIndex({
    directory: home.index,
    clock: systemClock,
    logger: createLogger('bench', 'warn'),
  });
  for (let number = Math.max(0, total - MOST_INDEXED); number < total; number += 1) {
    const { organization, repository, image } = placeOf(number);
    const key = { organizationUid: organization.uid, originVersion: organization.originVersion, repository };
    const manifest = { mediaType: MediaType.ociManifest, digest: mustDigest(image.digest), size: image.size };
    index.putManifest(key, { manifest, references: image.references });
    index.putTag(key, image.tag, { manifest, checkedAt: now, expiresAt: now + 30 * DAY_MS });
    if (number % INDEX_STEP === 0) await index.flush();
  }
  await index.close();
}

async function storeManifests(home: Home, places: readonly Place[]): Promise<void> {
  const paths = blobPathsAt(home.blobs);
  const left = [...places];
  await atATime(left.length, FILES_AT_A_TIME, async () => {
    const { image } = left.pop()!;
    const digest = mustDigest(image.digest);
    await mkdir(paths.folder(digest), { recursive: true, mode: 0o700 });
    await writeFile(paths.blob(digest), image.manifest, { mode: 0o600 });
  });
}
