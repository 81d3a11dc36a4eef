import { pull, type TestRepository } from '../../../support/control-plane/builders';
import { breakTable, mend } from '../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';
import { waitUntil } from '../../../support/real/wait-until';

const DAY = 86_400_000;
const HOUR = 3_600_000;
let plane: TestControlPlane;
let acme: TestRepository;
let now: number;
afterEach(() => plane.remove());

async function start(days: string | undefined): Promise<void> {
  plane = await startControlPlane(days === undefined ? {} : { LAYOVER_AUDIT_RETENTION_DAYS: days });
  acme = await plane.organization('acme');
  now = plane.clock.now();
}
const record = async (...records: ReturnType<typeof pull>[]): Promise<number> =>
  (await plane.catalog.call('RecordPulls', { records })).recorded;
async function events(): Promise<readonly string[]> {
  const { auditEvents } = await plane.ask<{ auditEvents: { edges: { node: { kind: string; reference: string } }[] } }>(
    '{ auditEvents(first: 200) { edges { node { kind reference } } } }',
  );
  return auditEvents.edges.map(({ node }) => node.reference ?? node.kind).reverse();
}
const pulls = async (): Promise<unknown> =>
  (
    await plane.ask<{ organization: { statistics: unknown } }>(
      '{ organization(name: "acme") { statistics(sinceSeconds: 31536000) { pulls } } }',
    )
  ).organization.statistics;

test('retention deletes old events a minute after the start, in steps, and keeps the others', async () => {
  await start('2');
  const old = Array.from({ length: 450 }, (_, i) => pull(acme, 'one', now - 3 * DAY - i, { reference: `old-${i}` }));
  await record(...old);
  await record(
    pull(acme, 'one', now - 2 * DAY - 1 + 60_000, { reference: 'just-too-old' }),
    pull(acme, 'one', now - 2 * DAY + 60_000, { reference: 'just-young-enough' }),
  );
  expect(plane.log).not.toContain('Old audit events were deleted');
  plane.clock.advance(60_000);
  await waitUntil('the deletion', () => plane.log.includes('Old audit events were deleted'));
  expect(await events()).toEqual(['just-young-enough', 'ORGANIZATION_CREATED']);
  expect(plane.log).toContain('"deleted":451');
  // Statistics are sums, so they stay.
  expect(await pulls()).toEqual({ pulls: 452 });

  plane.clock.advance(3 * DAY);
  await waitUntil('the next deletion', async () => {
    plane.clock.advance(HOUR);
    return (await events()).length === 0;
  });
});

test('a record that is delivered again after its event was deleted counts once', async () => {
  await start('1');
  const batch = [pull(acme, 'one', now - 2 * DAY, { reference: 'once' })];
  expect(await record(...batch)).toBe(1);
  plane.clock.advance(60_000);
  await waitUntil('the deletion', async () => (await events()).length === 1);
  expect(await record(...batch)).toBe(0);
  expect(await record(...batch, pull(acme, 'one', now, { reference: 'new' }))).toBe(1);
  expect(await events()).toEqual(['ORGANIZATION_CREATED', 'new']);
  expect(await pulls()).toEqual({ pulls: 2 });
});

test('nothing is deleted without a retention period', async () => {
  await start(undefined);
  await record(pull(acme, 'one', now - 4000 * DAY, { reference: 'ancient' }));
  plane.clock.advance(60_000);
  plane.clock.advance(HOUR);
  // The hourly work has run when this call is answered, because only one connection writes.
  await record(pull(acme, 'one', now, { reference: 'new' }));
  expect(await events()).toEqual(['ancient', 'ORGANIZATION_CREATED', 'new']);
});

test('writers continue while events are deleted', async () => {
  await start('1');
  for (let i = 0; i < 10; i++)
    await record(...Array.from({ length: 500 }, (_, j) => pull(acme, 'one', now - 5 * DAY - i * 1000 - j)));
  plane.clock.advance(60_000);
  let during = 0;
  while (!plane.log.includes('Old audit events were deleted')) during += await record(pull(acme, 'one', now));
  // 5000 events need 25 steps; a writer that had to wait for all of them would have had one turn.
  expect(during).toBeGreaterThan(3);
  expect(plane.log).toContain('"deleted":5000');
});

test('a failure is logged and retried an hour later', async () => {
  await start('1');
  await record(pull(acme, 'one', now - 2 * DAY, { reference: 'old' }));
  await breakTable(plane, 'audit_events', 'DELETE');
  plane.clock.advance(60_000);
  await waitUntil('the failure', () => plane.log.includes('Deleting old audit events failed'));
  expect(await events()).toEqual(['old', 'ORGANIZATION_CREATED']);
  await mend(plane);
  await waitUntil('the deletion', async () => {
    plane.clock.advance(HOUR);
    return (await events()).length === 1;
  });
});
