import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Asks for a repository and a tag that do not exist. */
export async function askMissing({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository, missing } = profile;
  const image = buildImage({ seed: 'present' });
  exhibit.content.addImage(repository, 'v1', image);
  const client = await visit.organization();
  for (const method of ['GET', 'HEAD'] as const) {
    expect((await client.get(`${repository}-missing/manifests/v1`, method)).status).toBe(missing.repository);
    expect((await client.get(`${repository}/manifests/missing`, method)).status).toBe(404);
  }
  expect((await client.get(`${repository}-missing/tags/list`)).status).toBe(missing.repository);
  await client.pull(repository, 'v1', image);
}
