import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../../support/control-plane/start-control-plane';

const FIELDS = `name description visibility version timeMachineSeconds
  proxyCache { enabled upstream mirrorHost upstreamUsername hasCredentials insecure caCertificate expirationSeconds
    revalidateAfterSeconds staleIfErrorSeconds onUpstreamDelete completeImages allowRepositories denyRepositories }
  quota { limitBytes autoPrune onOversize warningPercent }`;
const APPLY = `mutation ($input: OrganizationInput!, $version: Int) {
  organization: applyOrganization(input: $input, expectedVersion: $version) { ${FIELDS} } }`;
const READ = `query ($name: String!) { organization(name: $name) { ${FIELDS} } }`;
const DELETE =
  'mutation ($name: String!, $version: Int) { deleteOrganization(name: $name, expectedVersion: $version) }';

interface Answer {
  readonly organization: Readonly<Record<string, unknown>> & { readonly version: number };
}

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.remove());

const events = async (organization: string): Promise<number> =>
  (
    await plane.ask<{ auditEvents: { edges: unknown[] } }>(
      'query ($o: String) { auditEvents(filter: {organization: $o}, first: 200) { edges { node { id } } } }',
      { o: organization },
    )
  ).auditEvents.edges.length;

/** Omitted, null or a value: what a tool can send for a field with a default. */
const may = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(null, undefined) }, { weight: 3, arbitrary: value });
const TEN_YEARS = 315_360_000;
const host = fc.constantFrom('docker.io', 'quay.io', 'ghcr.io/owner', 'registry.example:5000/a/b', '[::1]:5000');
const patterns = fc.array(fc.constantFrom('library/*', '**', 'team/app', 'a-*/*'), { maxLength: 4 });
/** Any valid description: all of Unicode except NUL. */
const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((it) => !it.includes('\0'));
/**
 * Certificates as written by editors and other tools: with different line ends, blank lines and
 * text around them.
 */
const certificates = fc
  .array(
    fc.record({
      before: fc.constantFrom('', '\n\n', '# subject=CN\u202fÜber \u{1f510}\n', ' \t\r\n', '\ufeff'),
      pem: fc.constantFrom(...rootCertificates.slice(0, 3)),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      after: fc.constantFrom('\n', '\r\n', '  \n', '\n\n\n'),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .chain((parts) =>
    fc
      .boolean()
      .map((ended) =>
        parts
          .map(
            ({ before, pem, lineEnd, after }, i) =>
              before + pem.trim().replaceAll('\n', lineEnd) + (ended || i < parts.length - 1 ? after : ''),
          )
          .join(''),
      ),
  );
const bytes = fc.oneof(
  fc.bigInt({ min: 1n, max: 9_223_372_036_854_775_807n }),
  fc.constantFrom(1n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n),
);

const proxyCache = fc.record(
  {
    upstream: host,
    enabled: may(fc.boolean()),
    /** Prefixed with the name of the organization, because a mirrorHost is unique. */
    mirrorHost: may(fc.constantFrom('example', 'example:8443')),
    upstreamUsername: may(fc.constantFrom('bob', 'user@example', 'ü', ' spaces ', '\u{1f510}', '\'"\\\\')),
    insecure: may(fc.boolean()),
    caCertificate: may(certificates),
    expirationSeconds: may(fc.integer({ min: 1, max: TEN_YEARS })),
    revalidateAfterSeconds: may(fc.integer({ min: 0, max: TEN_YEARS })),
    staleIfErrorSeconds: may(fc.integer({ min: 0, max: TEN_YEARS })),
    onUpstreamDelete: may(fc.constantFrom('PROPAGATE', 'KEEP')),
    completeImages: may(fc.boolean()),
    allowRepositories: may(patterns),
    denyRepositories: may(patterns),
  },
  { requiredKeys: ['upstream'] },
);
const quota = fc.record(
  {
    limitBytes: bytes,
    autoPrune: may(fc.boolean()),
    onOversize: may(fc.constantFrom('PASS_THROUGH', 'OVERFLOW', 'REJECT')),
    warningPercent: may(fc.integer({ min: 1, max: 100 })),
  },
  { requiredKeys: ['limitBytes'] },
);
const settings = fc.record(
  {
    description: may(text),
    visibility: may(fc.constantFrom('PUBLIC', 'PRIVATE')),
    timeMachineSeconds: may(fc.integer({ min: 0, max: TEN_YEARS })),
    proxyCache: may(proxyCache),
    quota: may(quota),
  },
  { requiredKeys: [] },
);
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

const mirrorHost = (name: string, host: string | null | undefined): string | null | undefined =>
  host ? `${name}.${host}` : host;

/** The expected read: the written values, and the defaults of the schema for the rest. */
function expected(name: string, { proxyCache: proxy, quota: limit, ...rest }: Settings): object {
  return {
    name,
    description: rest.description ?? '',
    visibility: rest.visibility ?? 'PUBLIC',
    timeMachineSeconds: rest.timeMachineSeconds ?? 1_209_600,
    proxyCache: proxy
      ? {
          enabled: proxy.enabled ?? true,
          upstream: proxy.upstream,
          mirrorHost: mirrorHost(name, proxy.mirrorHost) ?? null,
          upstreamUsername: proxy.upstreamUsername ?? null,
          hasCredentials: false,
          insecure: proxy.insecure ?? false,
          caCertificate: proxy.caCertificate ?? null,
          expirationSeconds: proxy.expirationSeconds ?? 86_400,
          revalidateAfterSeconds: proxy.revalidateAfterSeconds ?? 0,
          staleIfErrorSeconds: proxy.staleIfErrorSeconds ?? null,
          onUpstreamDelete: proxy.onUpstreamDelete ?? 'PROPAGATE',
          completeImages: proxy.completeImages ?? true,
          allowRepositories: proxy.allowRepositories ?? [],
          denyRepositories: proxy.denyRepositories ?? [],
        }
      : null,
    quota: limit
      ? {
          limitBytes: limit.limitBytes.toString(),
          autoPrune: limit.autoPrune ?? true,
          onOversize: limit.onOversize ?? 'PASS_THROUGH',
          warningPercent: limit.warningPercent ?? null,
        }
      : null,
  };
}

/** Converts to JSON: sizes become strings. */
function wire(name: string, input: Settings): object {
  return {
    name,
    ...input,
    ...(input.proxyCache
      ? { proxyCache: { ...input.proxyCache, mirrorHost: mirrorHost(name, input.proxyCache.mirrorHost) } }
      : {}),
    ...(input.quota ? { quota: { ...input.quota, limitBytes: String(input.quota.limitBytes) } } : {}),
  };
}

test('applyOrganization stores its input exactly, changes nothing when repeated, and increments the version for a different input', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(settings, settings, async (first, second) => {
      const name = `any-${++run}`;
      const written = await plane.ask<Answer>(APPLY, { input: wire(name, first) });
      const { version, ...fields } = written.organization;
      expect(version).toBe(1);
      expect(fields).toEqual(expected(name, first));
      expect(await plane.ask<Answer>(READ, { name })).toEqual(written);
      expect(await plane.ask<Answer>(APPLY, { input: wire(name, first), version: 1 })).toEqual(written);
      // Reads can be written back: a tool that sends its state back changes nothing either.
      const { hasCredentials: _, ...proxy } = (fields['proxyCache'] ?? {}) as Record<string, unknown>;
      const state = { ...fields, proxyCache: fields['proxyCache'] === null ? null : proxy };
      expect(await plane.ask<Answer>(APPLY, { input: state })).toEqual(written);
      expect(await events(name)).toBe(1);

      const changes = JSON.stringify(expected(name, first)) === JSON.stringify(expected(name, second)) ? 0 : 1;
      const after = await plane.ask<Answer>(APPLY, { input: wire(name, second), version: 1 });
      expect(after.organization).toEqual({ ...expected(name, second), version: 1 + changes });
      expect(await events(name)).toBe(1 + changes);
    }),
    { numRuns: 40 },
  );
}, 60_000);

describe('sizes', () => {
  const apply = (limitBytes: unknown) =>
    plane.graphql<Answer>(APPLY, { input: { name: 'sizes', quota: { limitBytes } } });
  const read = async (): Promise<unknown> =>
    (await plane.ask<{ organization: { quota: { limitBytes: string } } }>(READ, { name: 'sizes' })).organization.quota
      .limitBytes;

  test.each(['9223372036854775807', '9007199254740993', '1'])('%s as a string is exact', async (limit) => {
    expect((await apply(limit)).errors).toBeUndefined();
    expect(await read()).toBe(limit);
  });

  test('a JSON number is exact up to 2^53-1 and rejected above', async () => {
    expect((await apply(Number.MAX_SAFE_INTEGER)).errors).toBeUndefined();
    expect(await read()).toBe('9007199254740991');
    // Written as text, because JavaScript cannot represent 2^53+1.
    const body = JSON.stringify({ query: APPLY, variables: { input: { name: 'sizes', quota: { limitBytes: 0 } } } });
    const response = await fetch(`${plane.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: body.replace('"limitBytes":0', '"limitBytes":9007199254740993'),
    });
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input.quota.limitBytes' });
    expect(await read()).toBe('9007199254740991');
  });

  test('a number literal in the query is exact', async () => {
    await plane.ask(
      'mutation { applyOrganization(input: {name: "sizes", quota: {limitBytes: 9007199254740993}}) { version } }',
    );
    expect(await read()).toBe('9007199254740993');
  });

  test.each(['9223372036854775808', '-1', '1.5', '1e3', '', 0, -1, 1.5])(
    'rejects %p and names the field',
    async (limit) => {
      const before = await read();
      expect((await apply(limit)).errors?.[0]?.extensions).toEqual({
        code: 'BAD_USER_INPUT',
        field: 'input.quota.limitBytes',
      });
      expect(await read()).toBe(before);
    },
  );
});

describe('expectedVersion', () => {
  const codes = (
    answers: readonly { readonly errors?: readonly { readonly extensions: { readonly code: string } }[] }[],
  ) => answers.map((answer) => answer.errors?.[0]?.extensions.code ?? 'won').sort();
  const RACERS = 6;
  const LOST = Array<string>(RACERS - 1).fill('VERSION_CONFLICT');

  test('lets exactly one of several concurrent changes win, with one audit event', async () => {
    await plane.ask(APPLY, { input: { name: 'raced' } });
    const racers = Array.from({ length: RACERS }, (_, i) => `by ${i}`);
    const answers = await Promise.all(
      racers.map((description) => plane.graphql<Answer>(APPLY, { input: { name: 'raced', description }, version: 1 })),
    );
    expect(codes(answers)).toEqual([...LOST, 'won']);
    const winner = answers.find(({ errors }) => errors === undefined)!.data!.organization;
    expect((await plane.ask<Answer>(READ, { name: 'raced' })).organization).toEqual(winner);
    expect(winner.version).toBe(2);
    expect(await events('raced')).toBe(2);
  });

  test('lets one of several concurrent creations win', async () => {
    const answers = await Promise.all(
      Array.from({ length: RACERS }, (_, i) =>
        plane.graphql(APPLY, { input: { name: 'born', description: `by ${i}` }, version: 0 }),
      ),
    );
    expect(codes(answers)).toEqual([...LOST, 'won']);
    expect(await events('born')).toBe(1);
  });

  test('lets either a change or a concurrent deletion win', async () => {
    await plane.ask(APPLY, { input: { name: 'contested' } });
    const [changed, deleted] = await Promise.all([
      plane.graphql(APPLY, { input: { name: 'contested', description: 'changed' }, version: 1 }),
      plane.graphql(DELETE, { name: 'contested', version: 1 }),
    ]);
    expect(codes([changed, deleted])).toEqual(['VERSION_CONFLICT', 'won']);
  });

  test('does not matter for a repeated deletion, which is not an error', async () => {
    await plane.ask(APPLY, { input: { name: 'twice-gone' } });
    const results = [];
    for (const version of [1, 1, null]) results.push(await plane.ask(DELETE, { name: 'twice-gone', version }));
    expect(results).toEqual([true, false, false].map((deleteOrganization) => ({ deleteOrganization })));
  });
});
