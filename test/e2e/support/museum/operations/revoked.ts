import { buildImage } from '../../../../support/fake-registry';
import type { MuseumClient, MuseumVisit } from '../stage';

/** Revokes the tokens before manifests and before blobs, without and with an account. */
export async function pullRevoked({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const images = ['first', 'second', 'third'].map((seed) => buildImage({ seed, layers: [3000] }));
  const pullAll = async (client: MuseumClient, repository: string): Promise<void> => {
    images.forEach((image, index) => exhibit.content.addImage(repository, `v${index}`, image));
    await client.pull(repository, 'v0', images[0]!);
    exhibit.revokeTokens();
    await client.pull(repository, 'v1', images[1]!);
    expect((await client.get(`${repository}/manifests/v2`)).status).toBe(200);
    exhibit.revokeTokens();
    await client.pull(repository, images[2]!.digest, images[2]!);
  };
  await pullAll(await visit.organization(), profile.repository);
  if (profile.authentication.account === undefined) return;
  await pullAll(await visit.organization({ account: true }), `${profile.repository}-secret`);
}
