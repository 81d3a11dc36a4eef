import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawEnvironment } from '../../../../common/runtime/env';
import type { TestRepository } from '../../../support/control-plane/builders';
import { createTestDatabase, onMysql, type TestDatabase } from '../../../support/control-plane/test-database';
import { dumpTables } from '../../../support/control-plane/open-tables';
import { World } from './support/world';

const ROOT = join(__dirname, '..', '..', '..', '..');
const HOOK = join(ROOT, 'test', 'integration', 'data-plane', 'support', 'typescript-hook.js');

let world: World;
let acme: TestRepository;
beforeEach(async () => {
  world = await World.start();
  acme = await world.plane.organization('acme');
  await world.admit(acme, 'manifest one', ['config one', 'layer one', 'layer two']);
});
afterEach(() => world.remove());

/** The command as a process of its own. */
class Command {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[], environment: RawEnvironment) {
    this.child = spawn(process.execPath, ['-r', HOOK, join(ROOT, 'control-plane/src/fsck/main.ts'), ...args], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (part: Buffer) => (this.stdout += part.toString()));
    this.child.stderr!.on('data', (part: Buffer) => (this.stderr += part.toString()));
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }
}

test('the command: what is wrong on stdout, progress line by line on stderr, and its exit codes', async () => {
  await world.sql('UPDATE origin_usage SET used_bytes = 1234567');
  const looked = new Command([], world.environment());
  expect([await looked.ended, looked.stderr]).toEqual([1, expect.stringContaining('; nothing is changed\n')]);
  expect(looked.stdout).toMatch(
    /^USAGE_SUMS organization acme: written: 1,234,567 bytes used, 0 reserved, 1 manifests, 3 blobs; counted: 40 bytes used, .*\n/,
  );
  expect(looked.stdout).toContain('1 problem. Nothing was changed: npm run fsck -- --repair');
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

test('help teaches; bad arguments and bad configuration are told', async () => {
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

test('SIGINT in the middle of reading: it says how far it came, ends at once, and leaves everything as it is', async () => {
  const tables = await dumpTables(world.plane);
  // One at a time: the third is asked for when the first two have been counted.
  world.storage.pageSize = 1;
  let verified = 0;
  const third = new Promise<void>((resolve) => {
    world.storage.before = async (call) => {
      if (call !== 'verify' || (verified += 1) < 3) return;
      resolve();
      // Reads for ever.
      await new Promise(() => undefined);
    };
  });
  const command = new Command(['--repair'], world.environment());
  await third;
  command.child.kill('SIGINT');
  expect(await command.ended).toBe(2);
  expect(command.stdout).toMatch(
    /Stopped at stored content: 2\/4 blobs, \d+ B\/40 B\. What was repaired stays repaired/,
  );
  expect(await dumpTables(world.plane)).toBe(tables);
}, 60_000);

test('beside admissions, arrivals and collections of a running control plane it calls nothing wrong that is right', async () => {
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

describe('it cannot run', () => {
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

  test('a database that was not migrated is named, and stays as it is', async () => {
    empty = await createTestDatabase({ empty: true });
    const file = join(folder, 'empty.sqlite');
    if (!onMysql()) writeFileSync(file, '');
    const environment = { LAYOVER_DATABASE_URL: onMysql() ? empty.url : `sqlite:${file}` };
    const result = await world.fsck(['repair'], { environment, json: false });
    expect(result.code).toBe(2);
    expect(result.stdout).toContain('has not been migrated by this version of Layover (0001-organizations, ');
    expect(world.storage.calls).toEqual([]);
  });

  test('a database that is newer is left alone', async () => {
    await world.sql(`INSERT INTO knex_migrations (name, batch) VALUES ('0099-of-the-future', 9)`);
    const result = await world.fsck(['repair'], { json: false });
    expect([result.code, result.stdout]).toEqual([
      2,
      expect.stringContaining('a newer version of Layover (0099-of-the-future)'),
    ]);
  });

  test('a database that is not there is not made', async () => {
    const result = await world.fsck([], {
      environment: {
        LAYOVER_DATABASE_URL: onMysql() ? 'mysql://u:c4nary@127.0.0.1:1/db' : `sqlite:${folder}/none.sqlite`,
      },
      json: false,
    });
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(onMysql() ? /^mysql:\/\/127\.0\.0\.1:1\/db: / : /^There is no database at sqlite:/);
    expect(result.stdout + result.stderr).not.toContain('c4nary');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('it makes nothing in the home: no key, no token', async () => {
    rmSync(join(world.plane.home, 'keys'), { recursive: true, force: true });
    expect((await world.fsck(['repair'])).code).toBe(0);
    expect(existsSync(join(world.plane.home, 'keys'))).toBe(false);
  });

  test('a data plane that never answers is named', async () => {
    const result = await world.fsck([], { environment: { LAYOVER_DATA_PLANES: '127.0.0.1:1' }, json: false });
    expect([result.code, result.stdout]).toEqual([
      2,
      expect.stringMatching(/^No answer from the data plane at 127\.0\.0\.1:1\. /),
    ]);
  });

  test('a data plane that goes away for good: how far it came is said, and why it ends', async () => {
    world.storage.before = (call) => {
      if (call === 'verify') throw new Error('gone');
    };
    const result = await world.fsck([], { json: false });
    expect(result.code).toBe(2);
    expect(result.stdout).toMatch(/Could not go on at stored content: 0\/4 blobs.*No answer from the data plane at /s);
  });
});
