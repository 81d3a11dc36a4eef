import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const image = imageNamed('first');

describe('a HEAD in an organization whose quota refuses images', () => {
  function rig(rejectsOversize: boolean) {
    const parts = pullRig({ name: 'acme', quotaBytes: 5, rejectsOversize });
    parts.upstream.put(NAME, image, 'latest');
    return parts;
  }

  test.each(['latest', image.digest])('is refused like a GET: %s', async (reference) => {
    const parts = rig(true);
    parts.knowledge.decision = { decision: 'rejected', message: 'Quota has been exceeded on namespace', detail: {} };
    expect(await parts.outcome(reference, { head: true })).toBe('QUOTA_EXCEEDED');
    expect(await parts.outcome(reference)).toBe('QUOTA_EXCEEDED');
  });

  test('keeps an image that fits, so that the GET after it asks nobody', async () => {
    const parts = rig(true);
    expect(await parts.outcome('latest', { head: true })).toBe('MISS');
    expect(parts.upstream.take()).toEqual([`GET ${NAME}:latest`]);
    expect(await parts.outcome(image.digest)).toBe('HIT');
    expect(parts.upstream.take()).toEqual([]);
  });

  test('is a HEAD at the upstream if the quota lets images through', async () => {
    const parts = rig(false);
    await parts.outcome('latest', { head: true });
    expect(parts.upstream.take()).toEqual([`HEAD ${NAME}:latest`]);
  });
});
