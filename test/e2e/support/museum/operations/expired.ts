import { buildImage } from '../../../../support/fake-registry';
import { tokenLifetime } from '../../../../support/museum';
import type { MuseumVisit } from '../stage';

/** Lets the lifetime of a token pass between two pulls, and between a manifest and its blobs. */
export async function pullExpired({ profile, exhibit, clock, ...visit }: MuseumVisit): Promise<void> {
  const images = ['first', 'second', 'third'].map((seed) => buildImage({ seed, layers: [3000] }));
  images.forEach((image, index) => exhibit.content.addImage(profile.repository, `v${index}`, image));
  const client = await visit.organization();
  await client.pull(profile.repository, 'v0', images[0]!);
  clock.advance(tokenLifetime(profile) * 1000);
  await client.pull(profile.repository, 'v1', images[1]!);
  expect((await client.get(`${profile.repository}/manifests/v2`)).status).toBe(200);
  clock.advance(tokenLifetime(profile) * 1000);
  await client.pull(profile.repository, images[2]!.digest, images[2]!);
}
