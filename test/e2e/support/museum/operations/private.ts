import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Pulls a private image with the account, and expects a refusal without it. */
export async function pullPrivate({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const repository = `${profile.repository}-secret`;
  const image = buildImage({ seed: 'private', layers: [3000] });
  exhibit.content.addImage(repository, 'v1', image);
  const owner = await visit.organization({ account: true });
  await owner.pull(repository, 'v1', image);
  const stranger = await visit.organization({ account: false });
  for (const method of ['GET', 'HEAD'] as const) {
    expect((await stranger.get(`${repository}/manifests/v1`, method)).status).toBe(403);
  }
  expect((await stranger.get(`${repository}/blobs/${image.layers[0]!.digest}`)).status).toBe(403);
  await owner.pull(repository, 'v1', image);
}
