import { LayoverError } from '../../../../common/errors/layover-error';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const image = imageNamed('first');

test.each([400, 406, 415, 422])('a cached tag is not served if the upstream refuses GET with %d', async (status) => {
  const { upstream, outcome } = pullRig({ name: 'acme' });
  upstream.put('team/app', image, 'latest');
  expect(await outcome('latest')).toBe('MISS');
  const error = (): LayoverError => new LayoverError('UPSTREAM_REFUSED_REQUEST', { upstreamStatus: status });
  upstream.behaviour.fail = { when: /:latest/, error };
  expect(await outcome('latest')).toBe('UPSTREAM_REFUSED_REQUEST');
  expect(await outcome(image.digest)).toBe('HIT');
  upstream.behaviour.fail = undefined;
  expect(await outcome('latest')).toBe('REVALIDATED');
});
