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

describe('UseReporter', () => {
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

  /** Returns the number of uses in each report of the next ten seconds. */
  const tick = async (milliseconds = 10_000): Promise<number[]> => {
    clock.advance(milliseconds);
    await turns();
    return reports.splice(0).map(({ length }) => length);
  };

  it('reports every ten seconds once a use has lasted two seconds, and once more with an empty report', async () => {
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

  it('does not report for uses younger than two seconds, but includes them in a report', async () => {
    await tick(8_001);
    const end = uses.begin(use('a'));
    expect(await tick(1_999)).toEqual([]);
    await tick(9_000);
    uses.begin(use('b'));
    expect(await tick(1_000)).toEqual([2]);
    end();
    // A young use is running, so an empty report would be wrong.
    await tick(9_500);
    expect(await tick(500)).toEqual([1]);
  });

  it('reports at most 10,000 uses, the oldest ones', async () => {
    uses.begin(use('oldest'));
    clock.advance(1);
    for (let at = 0; at < 10_000; at += 1) uses.begin(use(String(at)));
    clock.advance(9_999);
    await turns();
    expect(reports[0]).toHaveLength(10_000);
    expect(reports[0]![0]).toEqual({ ...use('oldest'), startedAt: 0 });
  });

  it('logs a failed report at debug level and continues', async () => {
    send = () => Promise.reject(new Error('away'));
    const end = uses.begin(use('a'));
    expect([await tick(), await tick()]).toEqual([[1], [1]]);
    end();
    expect([await tick(), await tick()]).toEqual([[0], []]);
    expect(lines.map(({ level }) => level)).toEqual([20, 20, 20]);
  });

  it('sends a report after the previous one has ended, so that the latest arrives last', async () => {
    const gate = new Gate();
    send = () => gate.passed;
    uses.begin(use('a'));
    expect([await tick(), await tick()]).toEqual([[1], []]);
    send = async () => undefined;
    gate.open();
    await turns();
    expect(reports).toHaveLength(1);
  });

  it('sends no report after its stop, which does not wait for a silent control plane', async () => {
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

describe('a use report over gRPC', () => {
  it('contains the node and every use, and fails if the control plane fails', async () => {
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
