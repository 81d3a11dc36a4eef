import { Deferred } from '../../../../../common/async/deferred';
import { LayoverError } from '../../../../../common/errors/layover-error';
import type { ScanPolicy } from '../../../../../data-plane/src/configuration/configuration';
import type { Verdict } from '../../../../../data-plane/src/manifests/gate/image-judge';
import { type OrganizationSpec, organization, snapshotOf } from '../../../../support/data-plane/fakes/organizations';
import { pullRig } from '../../../../support/data-plane/fakes/pull-rig';
import { blobNamed, imageNamed, indexOf, manifestOf } from '../../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const MINUTE = 60_000;
const image = imageNamed('gated');
const SERVE: ScanPolicy = { unscanned: 'SERVE', waitMs: 0 };
const WAIT: ScanPolicy = { unscanned: 'WAIT', waitMs: 30_000 };
const REFUSE: ScanPolicy = { unscanned: 'REFUSE', waitMs: 0 };

const good = (goodForMs = MINUTE): Verdict => ({
  kind: 'serve',
  reason: '',
  vulnerabilities: [],
  pending: false,
  goodForMs,
});
const bad = (goodForMs = MINUTE): Verdict => ({
  kind: 'refuse',
  reason: '2 vulnerabilities of High or worse',
  vulnerabilities: ['CVE-2024-1', 'CVE-2024-2'],
  pending: false,
  goodForMs,
});
const none: Verdict = { kind: 'unscanned', reason: '', vulnerabilities: [], pending: true, goodForMs: 0 };
const away = (): Promise<never> =>
  Promise.reject(new LayoverError('NOT_READY', { message: 'the control plane is unreachable' }));
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(scanPolicy: ScanPolicy | undefined, spec: Partial<OrganizationSpec> = {}) {
  const acme = { name: 'acme', completeImages: false, scanPolicy, ...spec };
  const rig = pullRig(acme);
  rig.upstream.put(NAME, image, 'latest');
  const policy = (change: Partial<OrganizationSpec>, revision: number): void => {
    rig.configuration.snapshot = snapshotOf([organization({ ...acme, ...change })], { revision });
  };
  const says = (verdict: Verdict | (() => Promise<Verdict>)): void => {
    rig.gateWorld.judge = typeof verdict === 'function' ? verdict : async () => verdict;
  };
  return { ...rig, policy, says };
}

describe('ImageGate without a policy', () => {
  test('asks for no verdict and completes nothing additional', async () => {
    const rig = setUp(undefined);
    expect(await rig.outcome('latest')).toBe('MISS');
    rig.clock.advance(10_000);
    await settle();
    expect([rig.judged, rig.gateWorld.fills, rig.completed]).toEqual([[], 0, []]);
  });
});

describe('ImageGate verdict', () => {
  test.each([SERVE, WAIT, REFUSE])('serves if it is good and refuses if it is bad: %p', async (scanPolicy) => {
    const rig = setUp(scanPolicy);
    rig.says(good());
    expect(await rig.outcome('latest')).toBe('MISS');
    const other = setUp(scanPolicy);
    other.says(bad());
    for (const [reference, ask] of [
      ['latest', {}],
      [image.digest, {}],
      ['latest', { head: true }],
      [image.digest, { head: true }],
    ] as const) {
      expect(await other.outcome(reference, ask)).toBe('DENIED');
    }
  });

  test('is asked for by each organization, also at the same time', async () => {
    const spec = { completeImages: false, scanPolicy: REFUSE };
    const rig = pullRig({ name: 'acme', ...spec }, { name: 'other', ...spec });
    rig.upstream.put(NAME, image, 'latest');
    const answers = [good(), bad()];
    const all = new Deferred();
    rig.gateWorld.judge = async () => {
      const answer = answers.shift();
      if (answers.length === 0) all.resolve();
      await all.promise;
      return answer ?? good();
    };
    const outcomes = ['acme', 'other'].map((name) => rig.outcome('latest', { organization: name }));
    expect((await Promise.all(outcomes)).sort()).toEqual(['DENIED', 'MISS']);
    expect(rig.judged).toHaveLength(2);
  });

  test('does not serve an image with a layer that no scan covers, whatever the scan of the others found', async () => {
    const layers = [blobNamed('scanned'), { ...blobNamed('hidden'), digest: `sha384:${'a'.repeat(96)}` }];
    const partly = manifestOf({ schemaVersion: 2, config: blobNamed('config'), layers });
    for (const scanPolicy of [WAIT, REFUSE]) {
      const rig = setUp(scanPolicy);
      rig.says(good());
      rig.upstream.put(NAME, partly, 'partly');
      await expect(rig.get('partly')).rejects.toMatchObject({
        key: 'DENIED',
        message: expect.stringContaining('a layer by a descriptor that cannot be used') as string,
      });
      expect(rig.judged).toEqual([]);
    }
    const rig = setUp(SERVE);
    rig.says(good());
    rig.upstream.put(NAME, partly, 'partly');
    expect(await rig.outcome('partly')).toBe('MISS');
  });

  test('names the reason and the vulnerabilities in the error and in the record', async () => {
    const rig = setUp(SERVE);
    rig.says(bad());
    const error: LayoverError = await rig.get('latest').then(
      () => Promise.reject(new Error('served')),
      (thrown: LayoverError) => thrown,
    );
    expect(error.entry).toMatchObject({ http: 403, code: 'DENIED' });
    expect(error.message).toContain('2 vulnerabilities of High or worse (CVE-2024-1, CVE-2024-2)');
    expect(error.detail).toMatchObject({ digest: image.digest, vulnerabilities: ['CVE-2024-1', 'CVE-2024-2'] });
    expect(rig.journal.pulls).toEqual([
      expect.objectContaining({
        cacheStatus: 'REFUSED',
        httpStatus: 403,
        errorCode: 'DENIED',
        upstreamStatus: 200,
        digest: '',
        bytes: 0,
        errorMessage: expect.stringContaining('CVE-2024-2'),
      }),
    ]);
  });

  test('is cached for the given time, per organization and digest', async () => {
    const rig = setUp(SERVE);
    rig.says(good());
    await rig.get('latest');
    await rig.get(image.digest);
    await rig.get('latest', { head: true });
    expect(rig.judged).toHaveLength(1);
    rig.clock.advance(MINUTE);
    await rig.get(image.digest);
    expect(rig.judged).toHaveLength(2);
  });

  test('is requested every time if it may not be cached, but once for simultaneous clients', async () => {
    const rig = setUp(SERVE);
    rig.says(good(0));
    await rig.get('latest');
    await Promise.all(Array.from({ length: 20 }, () => rig.get(image.digest)));
    expect(rig.judged).toHaveLength(2);
  });

  test('is dropped after a change of the configuration', async () => {
    const rig = setUp(SERVE);
    rig.says(good());
    await rig.get('latest');
    rig.policy({}, 2);
    rig.says(bad());
    expect(await rig.outcome(image.digest)).toBe('DENIED');
    rig.policy({ scanPolicy: undefined }, 3);
    expect(await rig.outcome(image.digest)).toBe('HIT');
    expect(rig.judged).toHaveLength(2);
  });

  test('is not requested for an index; its images are judged when they are pulled', async () => {
    const rig = setUp(REFUSE);
    const index = indexOf(image);
    rig.upstream.put(NAME, index, 'all');
    rig.says(bad());
    expect(await rig.outcome('all')).toBe('MISS');
    expect(rig.judged).toEqual([]);
    expect(await rig.outcome(image.digest)).toBe('DENIED');
  });

  test('is requested for stale manifests, and while the upstream is down', async () => {
    const rig = setUp(SERVE);
    rig.says(good(0));
    await rig.get('latest');
    const error = (): LayoverError => new LayoverError('UPSTREAM_UNREACHABLE');
    rig.upstream.behaviour = { fail: { when: /./, error } };
    expect(await rig.outcome('latest')).toBe('STALE');
    rig.says(bad(0));
    expect(await rig.outcome('latest')).toBe('DENIED');
    expect(await rig.outcome(image.digest)).toBe('DENIED');
  });
});

describe('ImageGate and an image without a scan', () => {
  test('SERVE: serves and always completes it; a HEAD fills nothing', async () => {
    const rig = setUp(SERVE);
    expect(await rig.outcome('latest', { head: true })).toBe('MISS');
    expect(rig.knowledge.admissions).toEqual([]);
    expect(await rig.outcome('latest')).toBe('MISS');
    rig.clock.advance(10_000);
    await settle();
    expect(rig.completed).toHaveLength(3);
  });

  test.each([false, true])('REFUSE: refuses it and fills it for its scan (HEAD: %p)', async (head) => {
    const rig = setUp(REFUSE);
    await expect(rig.get('latest', { head })).rejects.toMatchObject({
      key: 'DENIED',
      message: expect.stringContaining('has not been scanned'),
    });
    expect(rig.knowledge.admissions).toHaveLength(1);
    rig.clock.advance(10_000);
    await settle();
    expect(rig.completed).toHaveLength(3);
    rig.says(good());
    expect(await rig.outcome('latest', { head })).toBe('REVALIDATED');
  });

  test.each([WAIT, REFUSE])(
    'refuses it with a reason and without waiting if it is not kept: %p',
    async (scanPolicy) => {
      const rig = setUp(scanPolicy);
      rig.knowledge.decision = { decision: 'pass-through' };
      await expect(rig.get('latest')).rejects.toMatchObject({
        key: 'DENIED',
        message: expect.stringContaining('it is not kept in the cache'),
      });
      expect(rig.judged.map(({ waitMs }) => waitMs)).toEqual([0]);
      expect(rig.gateWorld.fills).toBe(0);
      // A verdict from elsewhere counts.
      rig.says(good());
      expect(await rig.outcome('latest')).toBe('BYPASS');
    },
  );

  test('serves it if it is not kept and the policy permits it, unless it is known to be bad', async () => {
    const rig = setUp(SERVE);
    rig.knowledge.decision = { decision: 'pass-through' };
    expect(await rig.outcome('latest')).toBe('BYPASS');
    rig.says(bad());
    expect(await rig.outcome('latest')).toBe('DENIED');
  });
});

describe('ImageGate WAIT', () => {
  /** Makes the test answer for the judge. */
  function answering(rig: ReturnType<typeof setUp>) {
    const answers: ((verdict: Verdict) => void)[] = [];
    rig.says(() => new Promise<Verdict>((resolve) => answers.push(resolve)));
    return answers;
  }

  test('makes one call and one set of fills for fifty clients of an image, and serves all', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const pulls = Array.from({ length: 50 }, (_, at) => rig.outcome(at % 2 === 0 ? 'latest' : image.digest));
    await settle();
    expect([rig.judged.map(({ waitMs }) => waitMs), rig.gateWorld.fills]).toEqual([[30_000], 1]);
    answers[0]!(good());
    expect(new Set(await Promise.all(pulls))).toEqual(new Set(['MISS']));
    expect([rig.judged.length, rig.gateWorld.fills]).toEqual([1, 1]);
  });

  test('refuses all clients if the scan ends badly', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const pulls = Array.from({ length: 5 }, () => rig.outcome('latest'));
    await settle();
    answers[0]!(bad());
    expect(new Set(await Promise.all(pulls))).toEqual(new Set(['DENIED']));
  });

  test('refuses when the time is up, and reports that the scan is still running', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const pull = rig.get('latest');
    pull.catch(() => undefined);
    await settle();
    rig.clock.advance(30_000);
    answers[0]!({ ...none, reason: 'INDEXING' });
    await expect(pull).rejects.toMatchObject({
      key: 'DENIED',
      message: expect.stringMatching(/its scan is still running; try again in a moment \(INDEXING\)/),
    });
  });

  test('refuses immediately if no scan can come', async () => {
    const rig = setUp(WAIT);
    rig.says({ ...none, pending: false, reason: 'its scan failed' });
    await expect(rig.get('latest')).rejects.toMatchObject({
      key: 'DENIED',
      message: expect.stringContaining('it has no scan, and no scan is scheduled (its scan failed)'),
    });
    expect(rig.judged).toHaveLength(1);
  });

  test('asks once per second until the time is up if the answers are immediate but may change', async () => {
    const rig = setUp(WAIT);
    rig.says(none);
    const pull = rig.outcome('latest');
    await settle();
    expect(rig.judged).toHaveLength(1);
    rig.clock.advance(999);
    await settle();
    expect(rig.judged).toHaveLength(1);
    rig.clock.advance(1);
    await settle();
    expect(rig.judged.map(({ waitMs }) => waitMs)).toEqual([30_000, 29_000]);
    rig.says(good());
    rig.clock.advance(1_000);
    expect(await pull).toBe('MISS');
  });

  test('ends the wait of a client that disconnects between two calls', async () => {
    const rig = setUp(WAIT);
    rig.says(none);
    const leaver = new AbortController();
    const pull = rig.outcome('latest', { signal: leaver.signal });
    await settle();
    leaver.abort();
    expect(await pull).toBe('CANCELLED');
    rig.clock.advance(30_000);
    await settle();
    expect(rig.judged).toHaveLength(1);
  });

  test('asks again for the rest of the wait of a client that joined late', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const first = rig.outcome('latest');
    await settle();
    rig.clock.advance(25_000);
    const second = rig.outcome('latest');
    await settle();
    rig.clock.advance(5_000);
    answers[0]!(none);
    expect(await first).toBe('DENIED');
    await settle();
    expect(rig.judged.map(({ waitMs }) => waitMs)).toEqual([30_000, 25_000]);
    answers[1]!(good());
    // The second request revalidated the tag.
    expect(await second).toBe('REVALIDATED');
  });

  test('ends the wait of a client that disconnects; the last one ends the call, and the image is completed', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const [one, two] = [new AbortController(), new AbortController()];
    const pulls = [one, two].map(({ signal }) => rig.outcome('latest', { signal }));
    await settle();
    one.abort();
    expect(await pulls[0]).toBe('CANCELLED');
    expect(rig.judged[0]!.signal.aborted).toBe(false);
    two.abort();
    expect(await pulls[1]).toBe('CANCELLED');
    expect(rig.judged[0]!.signal.aborted).toBe(true);
    rig.clock.advance(10_000);
    await settle();
    expect(rig.completed).toHaveLength(3);
    // The next client starts again.
    const next = rig.outcome('latest');
    await settle();
    expect(rig.judged).toHaveLength(2);
    answers[1]!(good());
    expect(await next).toBe('REVALIDATED');
  });

  test('ends the wait if a blob cannot be fetched: an outage is returned, everything else is DENIED', async () => {
    for (const [failure, key] of [
      [new LayoverError('UPSTREAM_UNREACHABLE'), 'UPSTREAM_UNREACHABLE'],
      [new LayoverError('BLOB_UNKNOWN', { message: 'the blob does not exist' }), 'DENIED'],
    ] as const) {
      const rig = setUp(WAIT);
      rig.says(
        () =>
          new Promise((_resolve, reject) =>
            rig.judged.at(-1)!.signal.addEventListener('abort', () => reject(new LayoverError('CANCELLED'))),
          ),
      );
      rig.gateWorld.fill = () => Promise.reject(failure);
      const pull = rig.outcome('latest');
      await settle();
      rig.clock.advance(2_000);
      expect(await pull).toBe(key);
    }
  });

  test('returns a known verdict even if a blob is missing', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    rig.gateWorld.fill = () => Promise.reject(new LayoverError('UPSTREAM_UNREACHABLE'));
    const pull = rig.outcome('latest');
    await settle();
    answers[0]!(good());
    expect(await pull).toBe('MISS');
  });

  test('lets at most five hundred clients of an organization wait; further ones may try again', async () => {
    const rig = setUp(WAIT);
    const answers = answering(rig);
    const pulls = Array.from({ length: 501 }, () => rig.outcome('latest'));
    await settle();
    answers[0]!(good());
    const outcomes = await Promise.all(pulls);
    expect(outcomes.filter((outcome) => outcome === 'NOT_READY')).toHaveLength(1);
    expect(await rig.outcome('latest')).toBe('REVALIDATED');
  });
});

describe('ImageGate without the control plane', () => {
  test('serves with SERVE; reports an outage with WAIT and REFUSE', async () => {
    for (const [scanPolicy, expected] of [
      [SERVE, 'MISS'],
      [WAIT, 'NOT_READY'],
      [REFUSE, 'NOT_READY'],
    ] as const) {
      const rig = setUp(scanPolicy);
      rig.says(away);
      expect(await rig.outcome('latest')).toBe(expected);
      if (expected === 'NOT_READY')
        expect(rig.journal.pulls.at(-1)).toMatchObject({ cacheStatus: 'ERROR', httpStatus: 503 });
    }
  });

  test.each<[string, Verdict, number, string]>([
    ['good', good(), 15 * MINUTE, 'HIT'],
    ['bad', bad(), 24 * 60 * MINUTE, 'DENIED'],
  ])('uses a cached %s verdict for a limited time', async (_what, verdict, holdsMs, expected) => {
    const rig = setUp(WAIT);
    rig.says(verdict);
    await rig.outcome('latest');
    rig.says(away);
    rig.clock.advance(MINUTE + holdsMs - 1);
    expect(await rig.outcome(image.digest)).toBe(expected);
    rig.clock.advance(1);
    expect(await rig.outcome(image.digest)).toBe('NOT_READY');
  });

  test('never uses a cached "not scanned"', async () => {
    const rig = setUp(REFUSE);
    rig.says({ ...none, goodForMs: MINUTE });
    expect(await rig.outcome('latest')).toBe('DENIED');
    rig.says(away);
    rig.clock.advance(MINUTE);
    expect(await rig.outcome(image.digest)).toBe('NOT_READY');
  });
});
