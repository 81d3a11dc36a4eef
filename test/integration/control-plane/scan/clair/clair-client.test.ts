import { ClairClient } from '../../../../../control-plane/src/scan/clair/clair-client';
import { parseReport } from '../../../../../control-plane/src/scan/clair/vulnerability-report';
import { digest } from '../../../../support/control-plane/builders';
import { TestClock } from '../../../../support/test-clock';
import { waitUntil } from '../../../../support/real/wait-until';
import { FakeClair } from '../../../../support/fake-clair';

const NEVER = new AbortController().signal;

describe('time-outs', () => {
  let clair: FakeClair;
  let clock: TestClock;
  let delays: number[];
  let client: ClairClient;
  beforeEach(async () => {
    clair = await FakeClair.start();
    delays = [];
    clock = new TestClock(undefined, { onTimer: (ms) => void delays.push(ms) });
    client = new ClairClient({ clairUrl: clair.url, psk: undefined, issuer: 'layover', concurrency: 2 }, clock);
  });
  afterEach(async () => {
    client.close();
    await clair.stop();
  });

  test('indexing that takes longer than ten minutes is blamed on the image, not on Clair', async () => {
    const release = clair.hold();
    const asked = clair.nextIndexRequest();
    const indexing = client.index(
      digest('app'),
      [{ hash: digest('a'), uri: 'http://127.0.0.1:1/', headers: {} }],
      undefined,
      NEVER,
    );
    const ended = expect(indexing).rejects.toMatchObject({
      trouble: 'SLOW',
      message: 'Clair did not answer within 600 s.',
    });
    await asked;
    clock.advance(600_000);
    await ended;
    expect(client.circuit.reason).toBeUndefined();
    expect(clock.pending).toBe(0);
    release();
  });

  describe('indexing over a connection that has gone silent', () => {
    /** Indexes an image whose answer is held back, and returns when the request has arrived. */
    async function index(indexedAt?: string): Promise<{ readonly outcome: Promise<unknown> }> {
      const asked = clair.nextIndexRequest();
      const outcome = client.index(digest('app'), [], indexedAt, NEVER);
      outcome.catch(() => undefined);
      await asked;
      return { outcome };
    }
    /** Lets ten seconds pass and returns when Clair has been asked for the report. */
    async function askedAgain(): Promise<void> {
      const before = clair.of('index-report').length;
      await waitUntil('the pause', () => delays.filter((ms) => ms === 10_000).length > before);
      clock.advance(10_000);
      await waitUntil('the answer', () => (clair.of('index-report').at(before)?.status ?? 0) > 0);
    }

    test('ends when the stored report is complete', async () => {
      const release = clair.hold();
      const { outcome } = await index();
      await askedAgain();
      await askedAgain();
      clair.reports.set(digest('app'), { manifest_hash: '', state: 'IndexFinished', success: true, err: '' });
      await askedAgain();
      expect(await outcome).toEqual({ kind: 'indexed', state: 'state-1' });
      expect(clair.of('index')).toHaveLength(1);
      release();
    });

    test('goes on while Clair does not say how far it is', async () => {
      const release = clair.hold();
      clair.faults.every('index-report', { status: 500, body: '{}' });
      const { outcome } = await index();
      for (let i = 0; i < 5; i += 1) await askedAgain();
      release();
      expect(await outcome).toMatchObject({ kind: 'indexed' });
    });

    test('is tried again if Clair does not know of it', async () => {
      const release = clair.hold();
      clair.faults.every('index-report', { status: 404, body: '{}' });
      const { outcome } = await index();
      for (let i = 0; i < 3; i += 1) await askedAgain();
      await expect(outcome).rejects.toMatchObject({
        trouble: 'AWAY',
        message: 'Clair does not know of the indexing that it was asked for.',
      });
      release();
    });

    test('does not end with the report of an earlier indexing', async () => {
      const release = clair.hold();
      clair.reports.set(digest('app'), { manifest_hash: '', state: 'IndexFinished', success: true, err: '' });
      const { outcome } = await index('state-0');
      clock.advance(599_999);
      release();
      expect(await outcome).toMatchObject({ kind: 'indexed' });
      expect(clair.of('index-report')).toEqual([]);
    });
  });

  test('any other call that takes longer than 30 seconds means that Clair is unavailable', async () => {
    clair.faults.every('state', { status: 200, headers: { 'content-length': '100' }, body: '{' });
    const asked = client.indexState(undefined, NEVER);
    const ended = expect(asked).rejects.toMatchObject({ trouble: 'AWAY' });
    while (clair.calls.length === 0) await new Promise(setImmediate);
    clock.advance(30_000);
    await ended;
    expect(client.circuit.reason).toBe('Clair did not answer within 30 s.');
    expect(client.circuit.room(2)).toBe(0);
  });

  test('a call ends with the reason of its signal when the caller aborts it', async () => {
    clair.hold();
    const asked = clair.nextIndexRequest();
    const caller = new AbortController();
    const indexing = client.index(digest('app'), [], undefined, caller.signal);
    const ended = expect(indexing).rejects.toThrow('stopping');
    await asked;
    caller.abort(new Error('stopping'));
    await ended;
    expect(client.circuit.reason).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

describe('reports', () => {
  const parse = (report: object) => parseReport(Buffer.from(JSON.stringify(report)));
  const one = (vulnerability: object, more: object = {}) =>
    parse({
      packages: { p: { id: 'p', name: 'busybox', version: '1' } },
      vulnerabilities: { v: { id: 'v', name: 'CVE-1', normalized_severity: 'High', ...vulnerability } },
      package_vulnerabilities: { p: ['v'] },
      ...more,
    }).findings[0];

  test.each([
    ['', undefined],
    ['1.2.3-r0', '1.2.3-r0'],
    ['0:1.2-3.el8', '0:1.2-3.el8'],
    ['fixed=1.2.3&introduced=0', '1.2.3'],
    ['introduced=1.0%2Bdfsg&fixed=1.1%2Bdfsg', '1.1+dfsg'],
    ['introduced=0', undefined],
    ['lastAffected=2', undefined],
  ])('fixed_in_version %j is parsed as %j', (text, version) => {
    expect(one({ fixed_in_version: text })?.fixedIn).toBe(version);
  });

  test.each([
    ['Critical', 5],
    ['High', 4],
    ['Medium', 3],
    ['Low', 2],
    ['Negligible', 1],
    ['Unknown', 0],
    ['toString', 0],
    ['', 0],
  ])('severity %j has rank %d', (text, rank) => {
    expect(one({ normalized_severity: text })?.severity).toBe(rank);
  });

  test('ignores null, missing and mistyped fields', () => {
    expect(parse({})).toMatchObject({ findings: [] });
    expect(parse({ vulnerabilities: null, package_vulnerabilities: null, packages: null }).findings).toEqual([]);
    expect(parse({ package_vulnerabilities: { p: null, q: ['gone'] } }).findings).toEqual([]);
    const odd = one(
      { description: 7, links: null, distribution: 'x' },
      { packages: { p: [] }, environments: { p: {} } },
    );
    expect(odd).toMatchObject({ vulnerability: 'CVE-1', packageName: '', description: '', links: [] });
  });

  test('leaves out invalid vulnerabilities and keeps the others', () => {
    const report = parse({
      vulnerabilities: { a: { name: '' }, b: 'text', c: { name: 'CVE-1' } },
      package_vulnerabilities: { p: ['a', 'b', 'c', 'c'] },
    });
    expect(report.findings.map(({ vulnerability }) => vulnerability)).toEqual(['CVE-1']);
  });

  test('has the same hash in any order of the findings', () => {
    const vulnerabilities = { a: { name: 'CVE-1' }, b: { name: 'CVE-2' } };
    const first = parse({ vulnerabilities, package_vulnerabilities: { p: ['a', 'b'] } });
    const second = parse({ vulnerabilities, package_vulnerabilities: { p: ['b', 'a'] } });
    expect(second.hash).toBe(first.hash);
    expect(parse({ vulnerabilities, package_vulnerabilities: { p: ['a'] } }).hash).not.toBe(first.hash);
  });

  test('keeps the most severe findings if there are too many', () => {
    const ids = Array.from({ length: 25_000 }, (_, n) => String(n));
    const vulnerabilities = Object.fromEntries(
      ids.map((id) => [id, { name: `CVE-${id}`, normalized_severity: id === '24999' ? 'Critical' : 'Low' }]),
    );
    const { findings } = parse({ vulnerabilities, package_vulnerabilities: { p: ids } });
    expect(findings).toHaveLength(20_000);
    expect(findings[0]).toMatchObject({ vulnerability: 'CVE-24999', severity: 5 });
  });
});
