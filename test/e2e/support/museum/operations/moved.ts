import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls a tag, moves it at the upstream, and pulls the new image. */
export async function followMovedTag({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const [before, after] = ['before', 'after'].map((seed) => buildImage({ seed, layers: [3000] }));
  exhibit.content.addImage(repository, 'v1', before!);
  const client = await visit.organization();
  await client.pull(repository, 'v1', before!);
  exhibit.content.addImage(repository, 'v1', after!);
  const answer = await client.pull(repository, 'v1', after!);
  expect(answer.headers['x-layover-cache']).toBe('UPDATED');
  await client.pull(repository, before!.digest, before!);
}
