import { MediaType } from '../../../../../common/oci/media-types';
import { buildImage, type BuiltImage, type RegistryContent } from '../../../../support/fake-registry';
import type { MuseumClient, MuseumVisit } from '../stage';

const TYPES = ['application/vnd.dev.cosign.simplesigning.v1+json', 'application/spdx+json'] as const;

/** Lists the referrers of an image with two, and of an image without. */
export async function listReferrersOf({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const subject = buildImage({ seed: 'subject' });
  const alone = buildImage({ seed: 'alone' });
  exhibit.content.addImage(repository, 'v1', subject);
  exhibit.content.addImage(repository, 'v2', alone);
  const { digest, mediaType, manifest } = subject;
  const referrers = TYPES.map((artifactType) =>
    buildImage({ seed: artifactType, artifactType, subject: { digest, mediaType, size: manifest.length } }),
  );
  for (const referrer of referrers) exhibit.content.addImage(repository, undefined, referrer);
  if (profile.referrers !== 'api' && typeof profile.referrers !== 'function') {
    addByTagSchema(exhibit.content, repository, subject, referrers);
  }
  const client = await visit.organization();
  const expected = referrers.map((referrer) => referrer.digest).sort();
  expect(await listedReferrers(client, `${repository}/referrers/${subject.digest}`)).toEqual(expected);
  expect(await listedReferrers(client, `${repository}/referrers/${alone.digest}`)).toEqual([]);
  const unknown = `sha256:${'0'.repeat(64)}`;
  expect(await listedReferrers(client, `${repository}/referrers/${unknown}`)).toEqual([]);
  await client.pull(repository, referrers[0]!.digest, referrers[0]!);
}

/** Adds the index of the referrers tag schema (OCI distribution specification 1.1). */
function addByTagSchema(
  content: RegistryContent,
  repository: string,
  subject: BuiltImage,
  referrers: readonly BuiltImage[],
): void {
  const manifests = referrers.map(({ digest, mediaType, manifest }, index) => ({
    mediaType,
    digest,
    size: manifest.length,
    artifactType: TYPES[index],
  }));
  const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
  const tag = subject.digest.replace(':', '-');
  content.addManifest(repository, tag, Buffer.from(JSON.stringify(index)), MediaType.ociIndex);
}

async function listedReferrers(client: MuseumClient, path: string): Promise<readonly string[]> {
  const { status, headers, body } = await client.get(path);
  expect([status, headers['content-type']]).toEqual([200, MediaType.ociIndex]);
  const { manifests } = JSON.parse(body.toString()) as { manifests: { digest: string }[] };
  return manifests.map(({ digest }) => digest).sort();
}
