import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Asks for the headers of a manifest and of blobs before and after they are cached. */
export async function askHead({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const image = buildImage({ seed: 'head', layers: [3000] });
  exhibit.content.addImage(repository, 'v1', image);
  const client = await visit.organization();
  const expectManifest = async (): Promise<void> => {
    const { status, headers } = await client.get(`${repository}/manifests/v1`, 'HEAD');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'docker-content-digest': image.digest,
      'content-type': image.mediaType,
      'content-length': String(image.manifest.length),
    });
  };
  const expectBlobs = async (): Promise<void> => {
    for (const { digest, bytes } of [image.config, ...image.layers]) {
      const { status, headers } = await client.get(`${repository}/blobs/${digest}`, 'HEAD');
      expect([status, headers['content-length']]).toEqual([200, String(bytes.length)]);
    }
  };
  await expectManifest();
  expect((await client.get(`${repository}/manifests/${image.digest}`)).status).toBe(200);
  await expectBlobs();
  await client.pull(repository, 'v1', image);
  await expectManifest();
  await expectBlobs();
}
