import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;

/** Thrown if a sealed value was changed, or cannot be opened with the configured keys. */
export class SealedBoxError extends Error {
  override readonly name = 'SealedBoxError';
}

/**
 * Seals values with AES-256-GCM under a key derived from the master key for one purpose. `context`
 * (which row, which file) is bound to the ciphertext, so that a sealed value cannot be moved
 * elsewhere. Layout: version (1 byte), id of the master key (4), nonce (12), ciphertext, tag (16).
 */
export class SealedBox {
  private readonly keys = new Map<string, Buffer>();
  private readonly currentId: string;

  /**
   * `masterKey` seals and opens; the `previous` keys only open (key rotation). Each has 32 bytes.
   */
  constructor(purpose: string, masterKey: Buffer, previous: readonly Buffer[] = []) {
    this.currentId = keyId(masterKey);
    for (const key of [masterKey, ...previous]) {
      if (key.length !== 32) throw new SealedBoxError('A master key must have 32 bytes.');
      this.keys.set(keyId(key), Buffer.from(hkdfSync('sha256', key, '', `layover/${purpose}`, 32)));
    }
  }

  /** Seals bytes. Two calls never return the same bytes. */
  seal(plain: Uint8Array, context: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.keys.get(this.currentId)!, nonce);
    cipher.setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([
      Buffer.from([VERSION]),
      Buffer.from(this.currentId, 'hex'),
      nonce,
      body,
      cipher.getAuthTag(),
    ]);
  }

  /**
   * Opens the result of {@link SealedBox.seal}. Throws a SealedBoxError if the key or the context
   * differs, or the bytes were changed.
   */
  open(sealed: Uint8Array, context: string): Buffer {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes[0] !== VERSION)
      throw new SealedBoxError('The value is not a sealed value of a known version.');
    const key = this.keys.get(bytes.subarray(1, 1 + KEY_ID_BYTES).toString('hex'));
    if (key === undefined) throw new SealedBoxError('The value was sealed with a master key that is not configured.');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1 + KEY_ID_BYTES, HEADER_BYTES));
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new SealedBoxError('The sealed value was changed or belongs to another context.', { cause });
    }
  }

  /**
   * Returns true if the value was sealed with the current master key. Rotation seals all other
   * values again.
   */
  isCurrent(sealed: Uint8Array): boolean {
    return (
      Buffer.from(sealed)
        .subarray(1, 1 + KEY_ID_BYTES)
        .toString('hex') === this.currentId
    );
  }
}

/** Returns an id of a key that reveals nothing about it. */
function keyId(key: Buffer): string {
  return createHash('sha256')
    .update('layover/key-id')
    .update(key)
    .digest('hex')
    .slice(0, KEY_ID_BYTES * 2);
}
