import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls an image for the first time. */
export async function pullCold({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const image = buildImage({ seed: 'cold', layers: [3000, 5000] });
  exhibit.content.addImage(profile.repository, 'v1', image);
  const client = await visit.organization();
  const answer = await client.pull(profile.repository, 'v1', image);
  expect(answer.headers).toMatchObject({
    'docker-content-digest': image.digest,
    'content-type': image.mediaType,
    'x-layover-cache': 'MISS',
  });
}
