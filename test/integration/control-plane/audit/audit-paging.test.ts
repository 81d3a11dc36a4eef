import fc from 'fast-check';
import { pull, type TestRepository } from '../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
let acme: TestRepository;
beforeAll(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme');
});
afterAll(() => plane.remove());

interface Events {
  readonly auditEvents: {
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly edges: { readonly node: { readonly id: string; readonly at: string } }[];
  };
}
const LIST = `query ($tag: String, $first: Int, $after: String) {
  auditEvents(filter: {reference: $tag}, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { id at } } } }`;

/** Only a few times, so that many events share one; late events fall among those already read. */
const offsets = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 25 });
const arrivals = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 });

test('a reader sees all events that existed at its start once and in order, while others arrive', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      offsets,
      fc.array(arrivals, { maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      async (start, later, first) => {
        const tag = `run-${++run}`;
        const base = plane.clock.now();
        const record = async (times: readonly number[]): Promise<void> => {
          const records = times.map((offset) => pull(acme, 'one', base + offset, { reference: tag }));
          await plane.catalog.call('RecordPulls', { records });
        };
        await record(start);
        const whole = (await plane.ask<Events>(LIST, { tag, first: 200 })).auditEvents.edges.map(({ node }) => node);
        expect(whole).toHaveLength(start.length);

        const seen: { id: string; at: string }[] = [];
        let after: string | null = null;
        for (let page = 0; ; page++) {
          const { auditEvents }: Events = await plane.ask<Events>(LIST, { tag, first, after });
          expect(auditEvents.edges.length).toBeLessThanOrEqual(first);
          seen.push(...auditEvents.edges.map(({ node }) => node));
          if (!auditEvents.pageInfo.hasNextPage) break;
          after = auditEvents.pageInfo.endCursor;
          await record(later[page] ?? []);
        }
        const known = new Set(whole.map(({ id }) => id));
        expect(seen.filter(({ id }) => known.has(id))).toEqual(whole);
        expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
        const times = seen.map(({ at }) => at);
        expect(times).toEqual([...times].sort().reverse());
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
