import { status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { type Digest, digestOf } from '../../../../../common/oci/digest';
import type { Logger } from '../../../../../common/runtime/logger';
import { createCatalogClient } from '../../../../../data-plane/src/catalog/catalog-client';
import { createGrpcUseReport } from '../../../../../data-plane/src/catalog/grpc-use-report';
import { type ContentUse, ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { UseReporter } from '../../../../../data-plane/src/store/uses/use-reporter';
import { FakeCatalog } from '../../../../support/fake-catalog';
import { Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../../support/test-clock';
import { STAYS, turns } from '../../../../unit/data-plane/store/maintenance/support';

const use = (text: string): { organizationUid: string; repository: string; digest: Digest } => ({
  organizationUid: 'u1',
  repository: 'team/app',
  digest: digestOf(Buffer.from(text)),
});

describe('the report of uses', () => {
  let clock: TestClock;
  let uses: ContentUses;
  let reports: (readonly ContentUse[])[];
  let lines: { readonly level: number; readonly msg: string }[];
  let send: (signal: AbortSignal) => Promise<void>;
  let reporter: UseReporter;
  beforeEach(() => {
    clock = new TestClock(0);
    uses = new ContentUses(clock);
    reports = [];
    lines = [];
    send = async () => undefined;
    const logger: Logger = pino(
      { level: 'debug' },
      { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
    );
    const report = {
      send: (present: readonly ContentUse[], signal: AbortSignal): Promise<void> => {
        reports.push(present);
        return send(signal);
      },
    };
    reporter = new UseReporter({ uses, report, clock, logger });
    reporter.start();
  });
  afterEach(() => reporter.stop());

  /** What was reported in the next ten seconds: how many uses, for each report. */
  const tick = async (milliseconds = 10_000): Promise<number[]> => {
    clock.advance(milliseconds);
    await turns();
    return reports.splice(0).map(({ length }) => length);
  };

  it('comes every ten seconds while something is in use for two, and once more, empty', async () => {
    expect(await tick()).toEqual([]);
    const end = uses.begin(use('a'));
    expect(await tick(9_999)).toEqual([]);
    expect(await tick(1)).toEqual([1]);
    expect(await tick()).toEqual([1]);
    end();
    expect(await tick()).toEqual([0]);
    expect(await tick()).toEqual([]);
    uses.begin(use('b'));
    expect(await tick()).toEqual([1]);
  });

  it('does not come for what is younger than two seconds, but tells of it when it comes', async () => {
    await tick(8_001);
    const end = uses.begin(use('a'));
    expect(await tick(1_999)).toEqual([]);
    await tick(9_000);
    uses.begin(use('b'));
    expect(await tick(1_000)).toEqual([2]);
    end();
    // Something is in use, though not for long: an empty report would not be true.
    await tick(9_500);
    expect(await tick(500)).toEqual([1]);
  });

  it('tells of 10,000 uses at most, the oldest', async () => {
    uses.begin(use('oldest'));
    clock.advance(1);
    for (let at = 0; at < 10_000; at += 1) uses.begin(use(String(at)));
    clock.advance(9_999);
    await turns();
    expect(reports[0]).toHaveLength(10_000);
    expect(reports[0]![0]).toEqual({ ...use('oldest'), startedAt: 0 });
  });

  it('that fails is a line for who looks closely, and does nothing else', async () => {
    send = () => Promise.reject(new Error('away'));
    const end = uses.begin(use('a'));
    expect([await tick(), await tick()]).toEqual([[1], [1]]);
    end();
    expect([await tick(), await tick()]).toEqual([[0], []]);
    expect(lines.map(({ level }) => level)).toEqual([20, 20, 20]);
  });

  it('waits for the one before it, so that the last one said arrives last', async () => {
    const gate = new Gate();
    send = () => gate.passed;
    uses.begin(use('a'));
    expect([await tick(), await tick()]).toEqual([[1], []]);
    send = async () => undefined;
    gate.open();
    await turns();
    expect(reports).toHaveLength(1);
  });

  it('does not come any more after the stop, which does not wait for a control plane that says nothing', async () => {
    uses.begin(use('a'));
    send = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    expect(await tick()).toEqual([1]);
    await reporter.stop();
    expect(await tick()).toEqual([]);
    reporter.start();
    expect(await tick()).toEqual([]);
  });
});

describe('over gRPC', () => {
  it('says the node and every use; a control plane that fails is an error', async () => {
    const fake = await FakeCatalog.start();
    const client = createCatalogClient(fake.address);
    const report = createGrpcUseReport(client, 'node-1');
    const present = [{ ...use('a'), startedAt: 1_700_000_000_123 }];
    await report.send(present, STAYS);
    expect(fake.uses.get('node-1')).toEqual(present);
    await report.send([], STAYS);
    expect(fake.uses.get('node-1')).toEqual([]);
    fake.switches.failWith = status.UNAVAILABLE;
    await expect(report.send(present, STAYS)).rejects.toMatchObject({ key: 'NOT_READY' });
    client.close();
    await fake.stop();
  });
});
