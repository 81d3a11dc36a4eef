import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls an image again. */
export async function pullWarm({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const image = buildImage({ seed: 'warm', layers: [3000, 5000] });
  exhibit.content.addImage(profile.repository, 'v1', image);
  const client = await visit.organization();
  await client.pull(profile.repository, 'v1', image);
  const answer = await client.pull(profile.repository, 'v1', image);
  expect(answer.headers['x-layover-cache']).toBe('REVALIDATED');
}
