import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

function rig() {
  const parts = pullRig();
  parts.upstream.put('team/app', imageNamed('first'), 'latest');
  const reports = (): unknown[] =>
    parts.journal.records.flatMap((record) => (record.upstream ? [record.upstream] : []));
  return { ...parts, reports };
}

test('reports the first contact at once, and an unchanged state once a minute', async () => {
  const { get, clock, reports } = rig();
  await get('latest');
  expect(reports()).toEqual([
    {
      organizationUid: 'uid-acme',
      reachable: true,
      lastCheckedAt: 1,
      lastError: '',
      rateLimit: -1,
      rateLimitRemaining: -1,
      retryAfter: 0,
    },
  ]);
  for (let second = 0; second < 59; second += 1) {
    clock.advance(1000);
    await get('latest');
  }
  expect(reports()).toHaveLength(1);
  clock.advance(6000);
  await get('latest');
  expect(reports()).toHaveLength(2);
});

test('reports all changes, at most every five seconds', async () => {
  const { get, upstream, clock, reports } = rig();
  await get('latest');
  for (let remaining = 100; remaining > 90; remaining -= 1) {
    upstream.healthNow = { ...upstream.healthNow, rateLimit: 100, rateLimitRemaining: remaining };
    await get('latest');
    clock.advance(100);
  }
  expect(reports()).toHaveLength(1);
  clock.advance(5000);
  expect(reports()).toHaveLength(2);
  expect(reports()[1]).toMatchObject({ rateLimitRemaining: 91 });
});

test('reports an unreachable upstream with the reason', async () => {
  const { outcome, upstream, reports } = rig();
  upstream.healthNow = { ...upstream.healthNow, reachable: false, lastError: 'connection refused' };
  await outcome('latest');
  expect(reports()).toMatchObject([{ reachable: false, lastError: 'connection refused' }]);
});
