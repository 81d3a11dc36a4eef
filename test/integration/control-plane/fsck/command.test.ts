import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawEnvironment } from '../../../../common/runtime/env';
import { packageRoot } from '../../../../common/runtime/package-root';
import type { TestRepository } from '../../../support/control-plane/builders';
import { createTestDatabase, onMysql, type TestDatabase } from '../../../support/control-plane/test-database';
import { dumpTables } from '../../../support/control-plane/open-tables';
import { RUN_TYPESCRIPT } from '../../../support/processes/run-typescript';
import { World } from './support/world';

const FSCK = join(packageRoot(), 'control-plane', 'src', 'fsck', 'main.ts');

let world: World;
let acme: TestRepository;
beforeEach(async () => {
  world = await World.start();
  acme = await world.plane.organization('acme');
  await world.admit(acme, 'manifest one', ['config one', 'layer one', 'layer two']);
});
afterEach(() => world.remove());

/** Runs the command in its own process. */
class Command {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], environment: RawEnvironment) {
    this.child = spawn(process.execPath, [...RUN_TYPESCRIPT, FSCK, ...args], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (part: Buffer) => (this.stdout += part.toString()));
    this.child.stderr!.on('data', (part: Buffer) => (this.stderr += part.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }
}

test('the command prints problems to stdout and progress to stderr, and sets its exit code', async () => {
  await world.sql('UPDATE origin_usage SET used_bytes = 1234567');
  const looked = new Command([], world.environment());
  expect([await looked.ended, looked.stderr]).toEqual([1, expect.stringContaining('; nothing is changed\n')]);
  expect(looked.stdout).toMatch(
    /^USAGE_SUMS organization acme: recorded: 1,234,567 bytes used, 0 reserved, 1 manifests, 3 blobs; counted: 40 bytes used, .*\n/,
  );
  expect(looked.stdout).toContain('1 problem. Nothing was changed. To repair, run: npm run fsck -- --repair');
  expect(looked.stderr).toContain('stored content: 4/4 blobs, 40 B/40 B, 1 problem\n');
  expect(looked.stderr).not.toContain('\r');
  const repaired = new Command(['--repair', '--quick', '--json'], world.environment());
  expect(await repaired.ended).toBe(0);
  expect(
    repaired.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject([
    { type: 'problem', kind: 'USAGE_SUMS', organization: 'acme', repaired: true },
    {
      type: 'summary',
      outcome: 'REPAIRED',
      repair: true,
      quick: true,
      kinds: { USAGE_SUMS: { found: 1, repaired: 1 } },
    },
  ]);
}, 60_000);

test('the command prints help, and reports invalid arguments and settings', async () => {
  const help = new Command(['--help'], {});
  expect(await help.ended).toBe(0);
  for (const text of ['--repair', '--quick', '--json', 'LAYOVER_DATA_PLANES', 'WRONG_DIGEST', '78'])
    expect(help.stdout).toContain(text);
  const wrong = new Command(['--reapir'], world.environment());
  expect([await wrong.ended, wrong.stdout]).toEqual([64, '']);
  expect(wrong.stderr).toContain('--reapir');
  const bad = new Command([], {
    ...world.environment(),
    LAYOVER_DATABASE_URL: 'oracle:x',
    LAYOVER_DATABASE_POOL: 'many',
    LAYOVER_DATABASE_URI: 'sqlite:x',
  });
  expect([await bad.ended, bad.stdout]).toEqual([78, '']);
  expect(bad.stderr).toContain('2 problems');
  expect(bad.stderr).toContain('LAYOVER_DATABASE_URI is unknown and has no effect. Did you mean LAYOVER_DATABASE_URL?');
}, 60_000);

test('SIGINT during verification ends the command at once, prints its progress and changes nothing', async () => {
  const tables = await dumpTables(world.plane);
  // Pages of one digest: the third is requested after the first two have been counted.
  world.storage.pageSize = 1;
  let verified = 0;
  const third = new Promise<void>((resolve) => {
    world.storage.before = async (call) => {
      if (call !== 'verify' || (verified += 1) < 3) return;
      resolve();
      // This read never ends.
      await new Promise(() => undefined);
    };
  });
  const command = new Command(['--repair'], world.environment());
  await third;
  command.child.kill('SIGINT');
  expect(await command.ended).toBe(2);
  expect(command.stdout).toMatch(/Stopped at stored content: 2\/4 blobs, \d+ B\/40 B\. Completed repairs are kept/);
  expect(await dumpTables(world.plane)).toBe(tables);
}, 60_000);

test('fsck reports no problems while a control plane admits, records arrivals and collects', async () => {
  const command = new Command(['--repair', '--json'], world.environment());
  let over = false;
  const ended = command.ended.finally(() => (over = true));
  let images = 0;
  while (!over || images === 0) {
    images += 1;
    const name = `image ${images}`;
    await world.admit(acme, name, ['config one', `layer of ${name}`, `${images % 3} shared`], {
      tag: `t${images % 5}`,
    });
    if (images % 4 === 0) await world.plane.ask('mutation { collectGarbage { blobsDeleted } }');
  }
  expect(await ended).toBe(0);
  expect(command.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect((await world.fsck()).problems).toEqual([]);
}, 90_000);

describe('fsck fails', () => {
  let folder: string;
  let empty: TestDatabase | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-fsck-'));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    await empty?.drop();
    empty = undefined;
  });

  test('on a database that was not migrated, and leaves it unchanged', async () => {
    empty = await createTestDatabase({ empty: true });
    const file = join(folder, 'empty.sqlite');
    if (!onMysql()) writeFileSync(file, '');
    const environment = { LAYOVER_DATABASE_URL: onMysql() ? empty.url : `sqlite:${file}` };
    const result = await world.fsck(['repair'], { environment, json: false });
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('was not migrated by this version of Layover (missing: 0001-organizations, ');
    expect(world.storage.calls).toEqual([]);
  });

  test('on a database that a newer version has migrated', async () => {
    await world.sql(`INSERT INTO knex_migrations (name, batch) VALUES ('0099-of-the-future', 9)`);
    const result = await world.fsck(['repair'], { json: false });
    expect([result.code, result.stdout]).toEqual([
      2,
      expect.stringContaining('a newer version of Layover (0099-of-the-future)'),
    ]);
  });

  test('on a missing database, and does not create it', async () => {
    const result = await world.fsck([], {
      environment: {
        LAYOVER_DATABASE_URL: onMysql() ? 'mysql://u:c4nary@127.0.0.1:1/db' : `sqlite:${folder}/none.sqlite`,
      },
      json: false,
    });
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(
      onMysql()
        ? /^The database mysql:\/\/127\.0\.0\.1:1\/db is unavailable\. /
        : /^The database sqlite:.* does not exist\. /,
    );
    expect(result.stdout + result.stderr).not.toContain('c4nary');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('without creating keys or tokens in the home', async () => {
    rmSync(join(world.plane.home, 'keys'), { recursive: true, force: true });
    expect((await world.fsck(['repair'])).code).toBe(0);
    expect(existsSync(join(world.plane.home, 'keys'))).toBe(false);
  });

  test('if a data plane never answers, and names it', async () => {
    const result = await world.fsck([], { environment: { LAYOVER_DATA_PLANES: '127.0.0.1:1' }, json: false });
    expect([result.code, result.stdout]).toEqual([
      2,
      expect.stringMatching(/^No answer from the data plane at 127\.0\.0\.1:1\. /),
    ]);
  });

  test('if a data plane stops answering, with its progress and the reason', async () => {
    world.storage.before = (call) => {
      if (call === 'verify') throw new Error('gone');
    };
    const result = await world.fsck([], { json: false });
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(
      /Could not continue at stored content: 0\/4 blobs.*No answer from the data plane at /s,
    );
  });
});
