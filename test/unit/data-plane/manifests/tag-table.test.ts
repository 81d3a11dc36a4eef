import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import { goneElsewhere } from '../../../../data-plane/src/upstream/gone-elsewhere';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const first = imageNamed('first');
const second = imageNamed('second');
const MINUTE = 60_000;

/**
 * Creates a rig whose upstream has `latest`, already pulled once if the row begins with a cached
 * tag.
 */
async function rigWith(cached: boolean, spec: Partial<OrganizationSpec> = {}) {
  const rig = pullRig({ name: 'acme', expirationSeconds: 3600, ...spec });
  rig.upstream.put(NAME, first, 'latest');
  if (cached) {
    await rig.get('latest');
    rig.clock.advance(MINUTE);
    rig.upstream.take();
    rig.journal.records.length = 0;
  }
  return rig;
}

type Rig = Awaited<ReturnType<typeof rigWith>>;

function failing(key: ErrorKey, upstreamStatus: number | undefined, when = /./) {
  return (rig: Rig): void => {
    rig.upstream.behaviour.fail = { when, error: () => new LayoverError(key, { upstreamStatus }) };
  };
}

interface Row {
  readonly row: string;
  readonly cached: boolean;
  readonly spec?: Partial<OrganizationSpec>;
  readonly upstream?: (rig: Rig) => void;
  readonly head?: boolean;
  /** The cache status, or the key of the error. */
  readonly gives: string;
  readonly digest?: string;
  /** The upstream requests of the last request. */
  readonly asks: readonly string[];
}

const HEAD = `HEAD ${NAME}:latest`;
const GET = `GET ${NAME}:latest`;
const gone = (rig: Rig): void => rig.upstream.removeTag(NAME, 'latest');
const moved = (rig: Rig): void => rig.upstream.put(NAME, second, 'latest');
function movedAway(rig: Rig): void {
  const answer = new LayoverError('MANIFEST_UNKNOWN', { upstreamStatus: 404 });
  rig.upstream.behaviour.fail = { when: /./, error: () => goneElsewhere(answer, 'elsewhere.test') };
}
const expired = (rig: Rig): void => rig.clock.advance(3600_000);
const both =
  (...steps: ((rig: Rig) => void)[]) =>
  (rig: Rig): void =>
    steps.forEach((step) => step(rig));

const OUTAGES: readonly [ErrorKey, number | undefined][] = [
  ['TOO_MANY_REQUESTS', 429],
  ['UPSTREAM_FAILED', 503],
  ['UPSTREAM_TIMEOUT', undefined],
  ['UPSTREAM_UNREACHABLE', undefined],
  ['UPSTREAM_TLS', undefined],
  ['UPSTREAM_CONTENT', 200],
  ['UPSTREAM_ADDRESS_REFUSED', undefined],
];

const ROWS: readonly Row[] = [
  { row: 'not cached, 200', cached: false, gives: 'MISS', digest: first.digest, asks: [GET] },
  { row: 'not cached, 404', cached: false, upstream: gone, gives: 'MANIFEST_UNKNOWN', asks: [GET] },
  {
    row: 'not cached, 404 for the repository',
    cached: false,
    upstream: failing('NAME_UNKNOWN', 404),
    gives: 'MANIFEST_UNKNOWN',
    asks: [GET],
  },
  {
    row: 'not cached, 403',
    cached: false,
    upstream: failing('UPSTREAM_DENIED', 403),
    gives: 'UPSTREAM_DENIED',
    asks: [GET],
  },
  ...OUTAGES.map(([key, status]): Row => ({
    row: `not cached, ${key}`,
    cached: false,
    upstream: failing(key, status),
    gives: key,
    asks: [GET],
  })),
  { row: 'not cached, HEAD, 200', cached: false, head: true, gives: 'MISS', digest: first.digest, asks: [HEAD] },
  { row: 'not cached, HEAD, 404', cached: false, head: true, upstream: gone, gives: 'MANIFEST_UNKNOWN', asks: [HEAD] },
  {
    row: 'not cached, HEAD without a digest',
    cached: false,
    head: true,
    upstream: (rig) => void (rig.upstream.behaviour.headWithoutDigest = true),
    gives: 'MISS',
    digest: first.digest,
    asks: [HEAD, GET],
  },
  {
    row: 'not cached, HEAD without a size',
    cached: false,
    head: true,
    upstream: (rig) => void (rig.upstream.behaviour.headWithoutSize = true),
    gives: 'MISS',
    digest: first.digest,
    asks: [HEAD, `GET ${NAME}@${first.digest}`],
  },
  {
    row: 'not cached, HEAD not supported',
    cached: false,
    head: true,
    upstream: (rig) => void (rig.upstream.behaviour.headRefused = true),
    gives: 'MISS',
    digest: first.digest,
    asks: [HEAD, GET],
  },
  { row: 'cached, same digest', cached: true, gives: 'REVALIDATED', digest: first.digest, asks: [HEAD] },
  {
    row: 'cached, same digest, HEAD',
    cached: true,
    head: true,
    gives: 'REVALIDATED',
    digest: first.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, same digest, HEAD without a size',
    cached: true,
    upstream: (rig) => void (rig.upstream.behaviour.headWithoutSize = true),
    gives: 'REVALIDATED',
    digest: first.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, same digest, HEAD without a digest',
    cached: true,
    upstream: (rig) => void (rig.upstream.behaviour.headWithoutDigest = true),
    gives: 'REVALIDATED',
    digest: first.digest,
    asks: [HEAD, GET],
  },
  {
    row: 'cached, other digest',
    cached: true,
    upstream: moved,
    gives: 'UPDATED',
    digest: second.digest,
    asks: [HEAD, `GET ${NAME}@${second.digest}`],
  },
  {
    row: 'cached, other digest, HEAD',
    cached: true,
    head: true,
    upstream: moved,
    gives: 'UPDATED',
    digest: second.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, other digest, HEAD without a digest',
    cached: true,
    upstream: both(moved, (rig) => void (rig.upstream.behaviour.headWithoutDigest = true)),
    gives: 'UPDATED',
    digest: second.digest,
    asks: [HEAD, GET],
  },
  {
    row: 'cached, other digest, rate limit at GET',
    cached: true,
    upstream: both(moved, failing('TOO_MANY_REQUESTS', 429, /^GET/)),
    gives: 'STALE',
    digest: first.digest,
    asks: [HEAD, `GET ${NAME}@${second.digest}`],
  },
  ...(
    [
      ['MANIFEST_UNKNOWN', 404],
      ['MANIFEST_UNKNOWN', 410],
      ['UPSTREAM_DENIED', 403],
      ['UPSTREAM_FAILED', 400],
      ['UPSTREAM_CONTENT', 200],
    ] as const
  ).map(([key, status]): Row => ({
    row: `cached, other digest, ${key} ${status} for the digest`,
    cached: true,
    upstream: both(moved, failing(key, status, /^GET .*@/)),
    gives: 'UPDATED',
    digest: second.digest,
    asks: [HEAD, `GET ${NAME}@${second.digest}`, GET],
  })),
  {
    row: 'cached, other digest, 404 for the digest and then for the tag',
    cached: true,
    upstream: both(moved, failing('MANIFEST_UNKNOWN', 404, /^GET/)),
    gives: 'MANIFEST_UNKNOWN',
    asks: [HEAD, `GET ${NAME}@${second.digest}`, GET],
  },
  {
    row: 'cached, other digest, HEAD without a size, 404 for the digest',
    cached: true,
    head: true,
    upstream: both(
      moved,
      (rig) => void (rig.upstream.behaviour.headWithoutSize = true),
      failing('MANIFEST_UNKNOWN', 404, /^GET .*@/),
    ),
    gives: 'UPDATED',
    digest: second.digest,
    asks: [HEAD, `GET ${NAME}@${second.digest}`, GET],
  },
  {
    row: 'cached, 404 at the end of a redirect',
    cached: true,
    upstream: movedAway,
    gives: 'STALE',
    digest: first.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, expired, 404 at the end of a redirect',
    cached: true,
    upstream: both(movedAway, expired),
    gives: 'MANIFEST_UNKNOWN',
    asks: [HEAD],
  },
  {
    row: 'cached, within the check interval',
    cached: true,
    spec: { revalidateAfterSeconds: 61 },
    upstream: moved,
    gives: 'HIT',
    digest: first.digest,
    asks: [],
  },
  {
    row: 'cached, check interval just over',
    cached: true,
    spec: { revalidateAfterSeconds: 60 },
    gives: 'REVALIDATED',
    asks: [HEAD],
  },
  {
    row: 'cached, within the check interval but expired',
    cached: true,
    spec: { revalidateAfterSeconds: 7200 },
    upstream: expired,
    gives: 'REVALIDATED',
    asks: [HEAD],
  },
  {
    row: 'cached, clock set back',
    cached: true,
    spec: { revalidateAfterSeconds: 7200 },
    upstream: (rig) => rig.clock.advance(-2 * MINUTE),
    gives: 'REVALIDATED',
    asks: [HEAD],
  },
  ...OUTAGES.map(([key, status]): Row => ({
    row: `cached, not expired, ${key}`,
    cached: true,
    upstream: failing(key, status),
    gives: 'STALE',
    digest: first.digest,
    asks: [HEAD],
  })),
  ...OUTAGES.map(([key, status]): Row => ({
    row: `cached, expired, ${key}`,
    cached: true,
    upstream: both(expired, failing(key, status)),
    gives: key,
    asks: [HEAD],
  })),
  {
    row: 'cached, expired, 200',
    cached: true,
    upstream: expired,
    gives: 'REVALIDATED',
    digest: first.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, within staleIfErrorSeconds',
    cached: true,
    spec: { staleIfErrorSeconds: 60 },
    upstream: failing('UPSTREAM_FAILED', 500),
    gives: 'STALE',
    asks: [HEAD],
  },
  {
    row: 'cached, past staleIfErrorSeconds',
    cached: true,
    spec: { staleIfErrorSeconds: 59 },
    upstream: failing('UPSTREAM_FAILED', 500),
    gives: 'UPSTREAM_FAILED',
    asks: [HEAD],
  },
  {
    row: 'cached, staleIfErrorSeconds 0',
    cached: true,
    spec: { staleIfErrorSeconds: 0 },
    upstream: failing('UPSTREAM_TIMEOUT', undefined),
    gives: 'UPSTREAM_TIMEOUT',
    asks: [HEAD],
  },
  {
    row: 'cached, 403',
    cached: true,
    upstream: failing('UPSTREAM_DENIED', 403),
    gives: 'UPSTREAM_DENIED',
    asks: [HEAD],
  },
  { row: 'cached, 404, PROPAGATE', cached: true, upstream: gone, gives: 'MANIFEST_UNKNOWN', asks: [HEAD] },
  {
    row: 'cached, 404, KEEP',
    cached: true,
    spec: { onUpstreamDelete: 'KEEP' },
    upstream: gone,
    gives: 'STALE',
    digest: first.digest,
    asks: [HEAD],
  },
  {
    row: 'cached, 404, KEEP, expired',
    cached: true,
    spec: { onUpstreamDelete: 'KEEP' },
    upstream: both(gone, expired),
    gives: 'MANIFEST_UNKNOWN',
    asks: [HEAD],
  },
];

test.each(ROWS)('$row: $gives', async ({ cached, spec, upstream, head, gives, digest, asks }) => {
  const rig = await rigWith(cached, spec);
  upstream?.(rig);
  const held = rig.store.content.size;
  const admissions = rig.knowledge.admissions.length;

  const result = await rig.get('latest', { head: head ?? false }).catch((error: unknown) => error as LayoverError);

  expect(rig.upstream.take()).toEqual(asks);
  if (result instanceof Error) {
    expect(result.key).toBe(gives);
    expect(rig.store.content.size).toBe(held);
  } else {
    expect(result.answer.cacheStatus).toBe(gives);
    if (digest !== undefined) expect(result.answer.descriptor.digest).toBe(digest);
    const expected = [first, second].find((image) => image.digest === result.answer.descriptor.digest);
    expect(result.answer.descriptor.size).toBe(expected?.content.length);
    if (!head) expect(result.answer.content).toEqual(expected?.content);
  }
  if (head) expect([rig.store.content.size, rig.knowledge.admissions.length]).toEqual([held, admissions]);
  expect(rig.journal.pulls).toHaveLength(1);
});

test('an old version is served if the new one cannot be had by digest and the tag is limited', async () => {
  const rig = await rigWith(true);
  moved(rig);
  const answers: [ErrorKey, number][] = [
    ['MANIFEST_UNKNOWN', 404],
    ['TOO_MANY_REQUESTS', 429],
  ];
  rig.upstream.behaviour.fail = {
    when: /^GET/,
    error: () => {
      const [key, upstreamStatus] = answers.shift()!;
      return new LayoverError(key, { upstreamStatus });
    },
  };
  expect(await rig.outcome('latest')).toBe('STALE');
  expect(rig.upstream.take()).toEqual([HEAD, `GET ${NAME}@${second.digest}`, GET]);
});

test.each<[string, (rig: Rig) => void, boolean]>([
  ['the tag', gone, true],
  ['the digest that the tag points to', both(moved, failing('MANIFEST_UNKNOWN', 404, /^GET .*@/)), false],
  ['the target of a redirect', both(movedAway, expired), false],
])('a record says that a tag is gone, or not, after a 404 for %s', async (_name, upstream, isGone) => {
  const rig = await rigWith(true);
  upstream(rig);
  await rig.outcome('latest');
  const [pull] = rig.journal.pulls;
  expect(pull?.httpStatus === 404 && Number(pull.checkedAt) > 0).toBe(isGone);
});

test('after a tag ended, every pull asks for the tag itself', async () => {
  const rig = await rigWith(true);
  gone(rig);
  expect(await rig.outcome('latest')).toBe('MANIFEST_UNKNOWN');
  rig.upstream.take();
  for (let pull = 0; pull < 2; pull += 1) {
    expect(await rig.outcome('latest')).toBe('MANIFEST_UNKNOWN');
    rig.clock.advance(3000);
  }
  moved(rig);
  expect(await rig.outcome('latest')).toBe('MISS');
  expect(rig.upstream.take()).toEqual([GET, GET, GET]);
});

test('a tag whose bytes are lost, here and at the upstream, is fetched by its name', async () => {
  const rig = await rigWith(true, { revalidateAfterSeconds: 7200 });
  const other = pullRig({ name: 'acme', revalidateAfterSeconds: 7200 });
  const [admission] = rig.knowledge.admissions;
  await other.knowledge.admit(admission!);
  const key = admission!.repository as Parameters<typeof other.knowledge.putTag>[0];
  other.knowledge.putTag(key, 'latest', (await rig.knowledge.tag(key, 'latest'))!);
  other.upstream.put(NAME, second, 'latest');
  expect(await other.get('latest')).toMatchObject({ answer: { cacheStatus: 'UPDATED', content: second.content } });
  expect(other.upstream.take()).toEqual([`GET ${NAME}@${first.digest}`, GET]);
});

test('a check asks for the media type of the cached version, so that the tag does not end without it', async () => {
  const rig = await rigWith(false);
  const mediaType = 'application/vnd.acme.thing.v1+json';
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType }));
  rig.upstream.put(NAME, { digest: digestOf(content), mediaType, content }, 'thing');
  await rig.get('thing', { accept: [`${mediaType}, */*`] });
  rig.upstream.accepted.length = 0;
  rig.clock.advance(MINUTE);
  expect(await rig.outcome('thing', { accept: ['*/*, application/vnd.other+json'] })).toBe('REVALIDATED');
  expect(rig.upstream.accepted).toEqual([[mediaType, 'application/vnd.other+json']]);
});

test('a confirmed tag is valid for another expiration time; a stale answer extends nothing', async () => {
  const rig = await rigWith(true);
  rig.clock.advance(58 * MINUTE);
  expect(await rig.outcome('latest')).toBe('REVALIDATED');
  rig.clock.advance(58 * MINUTE);
  failing('UPSTREAM_FAILED', 500)(rig);
  expect(await rig.outcome('latest')).toBe('STALE');
  rig.clock.advance(2 * MINUTE);
  expect(await rig.outcome('latest')).toBe('UPSTREAM_FAILED');
});

test('the age is set unless the answer was just revalidated', async () => {
  const rig = await rigWith(true, { revalidateAfterSeconds: 300 });
  expect((await rig.get('latest')).answer.ageSeconds).toBe(60);
  rig.clock.advance(5 * MINUTE);
  expect((await rig.get('latest')).answer.ageSeconds).toBeUndefined();
  rig.clock.advance(5 * MINUTE);
  failing('UPSTREAM_FAILED', 500)(rig);
  expect((await rig.get('latest')).answer).toMatchObject({ cacheStatus: 'STALE', ageSeconds: 300 });
});

test('a tag that the upstream deleted stays removed, even if the upstream fails afterwards', async () => {
  const rig = await rigWith(true);
  gone(rig);
  expect(await rig.outcome('latest')).toBe('MANIFEST_UNKNOWN');
  failing('UPSTREAM_FAILED', 500)(rig);
  expect(await rig.outcome('latest')).toBe('UPSTREAM_FAILED');
});

test('a pull without an upstream request extends the expiration too, even one that was set by hand', async () => {
  const rig = await rigWith(true, { revalidateAfterSeconds: 7200 });
  const [admission] = rig.knowledge.admissions;
  const key = admission!.repository as Parameters<typeof rig.knowledge.putTag>[0];
  const cached = (await rig.knowledge.tag(key, 'latest'))!;
  rig.knowledge.putTag(key, 'latest', { ...cached, expiresAt: rig.clock.now() + MINUTE });
  expect(await rig.outcome('latest')).toBe('HIT');
  rig.clock.advance(2 * MINUTE);
  failing('UPSTREAM_UNREACHABLE', undefined)(rig);
  expect(await rig.outcome('latest')).toBe('HIT');
  rig.clock.advance(3600_000);
  expect(await rig.outcome('latest')).toBe('UPSTREAM_UNREACHABLE');
});

test('a tag that moves back is moved without a fetch, also by a HEAD', async () => {
  const rig = await rigWith(true);
  moved(rig);
  expect(await rig.outcome('latest')).toBe('UPDATED');
  rig.upstream.put(NAME, first, 'latest');
  rig.upstream.take();
  expect(await rig.outcome('latest', { head: true })).toBe('UPDATED');
  expect(await rig.outcome('latest')).toBe('REVALIDATED');
  expect(rig.upstream.take()).toEqual([HEAD, HEAD]);
  expect(rig.knowledge.admissions.at(-1)).toMatchObject({ tag: 'latest', manifest: { digest: first.digest } });
});

test.each([false, true])(
  'a tag that is evicted during the upstream request is admitted again with its manifest: %s',
  async (manifestToo) => {
    const rig = await rigWith(true);
    const [admission] = rig.knowledge.admissions.splice(0);
    const key = admission!.repository as Parameters<typeof rig.knowledge.tag>[0];
    let answer = (): void => undefined;
    rig.upstream.behaviour.gate = new Promise((resolve) => (answer = resolve));
    const asked = rig.outcome('latest');
    while (rig.upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    rig.knowledge.removeTag(key, 'latest');
    if (manifestToo) rig.knowledge.removeManifest(key, first.digest);
    answer();
    expect(await asked).toBe('MISS');
    expect(rig.upstream.take()).toEqual(manifestToo ? [HEAD, `GET ${NAME}@${first.digest}`] : [HEAD]);
    expect(rig.knowledge.admissions).toMatchObject([{ tag: 'latest', manifest: { digest: first.digest } }]);
    expect(await rig.outcome('latest')).toBe('REVALIDATED');
  },
);

test('bytes that the store has lost are fetched again, and the client does not notice', async () => {
  const rig = await rigWith(false);
  await rig.get('latest');
  const other = pullRig({ name: 'acme' });
  other.upstream.put(NAME, first, 'latest');
  // The same knowledge with an empty store and no manifests in memory, as after the loss of a disk.
  const [admission] = rig.knowledge.admissions;
  await other.knowledge.admit(admission!);
  const key = admission!.repository as Parameters<typeof other.knowledge.putTag>[0];
  other.knowledge.putTag(key, 'latest', (await rig.knowledge.tag(key, 'latest'))!);

  expect(await other.get('latest')).toMatchObject({ answer: { cacheStatus: 'REVALIDATED', content: first.content } });
  expect(other.upstream.take()).toEqual([HEAD, `GET ${NAME}@${first.digest}`]);
  expect(await other.outcome(first.digest)).toBe('HIT');
});
