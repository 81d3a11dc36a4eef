import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateMasterKey, parseMasterKey } from '../../../../common/security/master-key';
import { SealedBox, SealedBoxError } from '../../../../common/security/sealed-box';
import { watchSyncs } from '../../../support/real/synced-paths';

describe('SealedBox', () => {
  const key = randomBytes(32);
  const box = new SealedBox('upstream-password', key);
  const plain = Buffer.from('correct horse');

  test('opens values with the same key, purpose and context', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(box.open(sealed, 'row 1')).toEqual(plain);
    expect(new SealedBox('upstream-password', Buffer.from(key)).open(sealed, 'row 1')).toEqual(plain);
    expect(box.open(box.seal(Buffer.alloc(0), ''), '')).toEqual(Buffer.alloc(0));
  });

  test('never seals to the same bytes twice and reveals nothing', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(sealed.equals(box.seal(plain, 'row 1'))).toBe(false);
    expect(sealed.includes(plain)).toBe(false);
  });

  test('does not open values with another key, purpose or context', () => {
    const sealed = box.seal(plain, 'row 1');
    expect(() => box.open(sealed, 'row 2')).toThrow(SealedBoxError);
    expect(() => new SealedBox('other purpose', key).open(sealed, 'row 1')).toThrow(SealedBoxError);
    expect(() => new SealedBox('upstream-password', randomBytes(32)).open(sealed, 'row 1')).toThrow(/not configured/);
  });

  test('does not open changed or truncated values', () => {
    const sealed = box.seal(plain, 'row 1');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => box.open(changed, 'row 1')).toThrow(SealedBoxError);
      expect(() => box.open(sealed.subarray(0, at), 'row 1')).toThrow(SealedBoxError);
    }
  });

  test('opens a view into a larger buffer', () => {
    const sealed = box.seal(plain, '');
    const around = Buffer.concat([Buffer.alloc(3), sealed, Buffer.alloc(5)]);
    expect(box.open(new Uint8Array(around.buffer, around.byteOffset + 3, sealed.length), '')).toEqual(plain);
  });

  test('opens values of previous keys and reports them as not current', () => {
    const sealed = box.seal(plain, 'x');
    const rotated = new SealedBox('upstream-password', randomBytes(32), [key]);
    expect(rotated.open(sealed, 'x')).toEqual(plain);
    expect(rotated.isCurrent(sealed)).toBe(false);
    expect(rotated.isCurrent(rotated.seal(plain, 'x'))).toBe(true);
  });

  test('requires keys of 32 bytes', () => {
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

  test('is decoded from base64 and base64url', () => {
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

  test('is created once with mode 0600 and read again later', () => {
    const file = join(folder, 'keys', 'master-key');
    const made = loadOrCreateMasterKey(file);
    expect(made).toHaveLength(32);
    expect(loadOrCreateMasterKey(file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, 'keys'))).toEqual(['master-key']);
  });

  test('is durable before it is used, with its name and the names of created folders', async () => {
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

  test('causes an error if its file is damaged, and the file stays unchanged', () => {
    const file = join(folder, 'master-key');
    writeFileSync(file, 'short');
    expect(() => loadOrCreateMasterKey(file)).toThrow(/does not contain a master key/);
    expect(readFileSync(file, 'utf8')).toBe('short');
  });
});
