import { buildImage, buildIndex } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls an index by tag, and one of its images by digest. */
export async function pullIndex({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const images = ['amd64', 'arm64'].map((architecture) =>
    buildImage({ seed: architecture, layers: [3000], platform: { os: 'linux', architecture } }),
  );
  const index = buildIndex({ images });
  exhibit.content.addIndex(repository, 'v1', index);
  const client = await visit.organization();
  const answer = await client.get(`${repository}/manifests/v1`);
  expect([answer.status, answer.body.equals(index.manifest)]).toEqual([200, true]);
  expect(answer.headers['content-type']).toBe(index.mediaType);
  await client.pull(repository, images[1]!.digest, images[1]!);
}
