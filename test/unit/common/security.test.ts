import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateMasterKey, parseMasterKey } from '../../../common/security/master-key';
import { SealedBox, SealedBoxError } from '../../../common/security/sealed-box';
import { watchSyncs } from '../../support/real/synced-paths';

describe('sealed values', () => {
  const key = randomBytes(32);
  const box = new SealedBox('upstream-password', key);
  const plain = Buffer.from('correct horse');

  test('are opened with the same key, purpose and context', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(box.open(sealed, 'row 1')).toEqual(plain);
    expect(new SealedBox('upstream-password', Buffer.from(key)).open(sealed, 'row 1')).toEqual(plain);
    expect(box.open(box.seal(Buffer.alloc(0), ''), '')).toEqual(Buffer.alloc(0));
  });

  test('are never the same twice, and show nothing', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(sealed.equals(box.seal(plain, 'row 1'))).toBe(false);
    expect(sealed.includes(plain)).toBe(false);
  });

  test('do not open elsewhere', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(() => box.open(sealed, 'row 2')).toThrow(SealedBoxError);
    expect(() => new SealedBox('other purpose', key).open(sealed, 'row 1')).toThrow(SealedBoxError);
    expect(() => new SealedBox('upstream-password', randomBytes(32)).open(sealed, 'row 1')).toThrow(/not configured/);
  });

  test('do not open with any byte changed, nor cut short', () => {
    const sealed = box.seal(plain, 'row 1');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => box.open(changed, 'row 1')).toThrow(SealedBoxError);
      expect(() => box.open(sealed.subarray(0, at), 'row 1')).toThrow(SealedBoxError);
    }
  });

  test('open from a view into a larger buffer', () => {
    const sealed = box.seal(plain, '');
    const around = Buffer.concat([Buffer.alloc(3), sealed, Buffer.alloc(5)]);
    expect(box.open(new Uint8Array(around.buffer, around.byteOffset + 3, sealed.length), '')).toEqual(plain);
  });

  test('of an older key open while it is given, and are known as not current', () => {
    const sealed = box.seal(plain, 'x');
    const rotated = new SealedBox('upstream-password', randomBytes(32), [key]);
    expect(rotated.open(sealed, 'x')).toEqual(plain);
    expect(rotated.isCurrent(sealed)).toBe(false);
    expect(rotated.isCurrent(rotated.seal(plain, 'x'))).toBe(true);
  });

  test('need keys of 32 bytes', () => {
    expect(() => new SealedBox('x', randomBytes(16))).toThrow(SealedBoxError);
    expect(() => new SealedBox('x', key, [randomBytes(31)])).toThrow(SealedBoxError);
  });
});

describe('the master key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is read from base64, plain and url-safe', () => {
    const key = randomBytes(32);
    for (const text of [key.toString('base64'), key.toString('base64url')]) expect(parseMasterKey(text)).toEqual(key);
    for (const text of [
      '',
      'x',
      randomBytes(31).toString('base64'),
      randomBytes(33).toString('base64'),
      `${key.toString('base64')} !`,
    ])
      expect(parseMasterKey(text)).toBeUndefined();
  });

  test('is made once, kept for its owner alone, and found again', () => {
    const file = join(folder, 'keys', 'master-key');
    const made = loadOrCreateMasterKey(file);
    expect(made).toHaveLength(32);
    expect(loadOrCreateMasterKey(file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'keys'))).toEqual(['master-key']);
  });

  test('is durable before it is used: its content, its name, and the names of folders that were created', async () => {
    const syncs = await watchSyncs();
    try {
      loadOrCreateMasterKey(join(folder, 'home', 'keys', 'master-key'));
    } finally {
      syncs.stop();
    }
    expect([...syncs.paths].sort()).toEqual([
      folder,
      join(folder, 'home'),
      join(folder, 'home', 'keys'),
      expect.stringContaining('/master-key.'),
    ]);
  });

  test('that is damaged is an error, and stays as it is', () => {
    const file = join(folder, 'master-key');
    writeFileSync(file, 'short');
    expect(() => loadOrCreateMasterKey(file)).toThrow(/holds no master key/);
    expect(readFileSync(file, 'utf8')).toBe('short');
  });
});
