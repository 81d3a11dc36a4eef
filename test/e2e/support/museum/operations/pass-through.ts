import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls an image for which the quota has no room. */
export async function passThrough({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const image = buildImage({ seed: 'large', layers: [3000] });
  exhibit.content.addImage(profile.repository, 'v1', image);
  const client = await visit.organization({ quotaBytes: 1 });
  const answer = await client.pull(profile.repository, 'v1', image);
  expect(answer.headers['x-layover-cache']).toBe('BYPASS');
}
