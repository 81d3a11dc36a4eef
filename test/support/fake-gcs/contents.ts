import { randomUUID } from 'node:crypto';
import { crc32c as checksumOf } from '@node-rs/crc32';

/** A complete object. */
export interface FakeObject {
  readonly name: string;
  readonly generation: string;
  readonly content: Buffer;
  /** In the encoding of the API. Computed once, because it takes long for a large object. */
  readonly crc32c: string;
}

/** An upload that is not complete. */
export interface FakeSession {
  readonly id: string;
  readonly name: string;
  readonly ifGenerationMatch: string | undefined;
  chunks: Buffer[];
  /** Number of stored bytes. */
  persisted: number;
}

/** The contents of a fake bucket: one generation per object, as in a bucket without versioning. */
export class FakeContents {
  readonly objects = new Map<string, FakeObject>();
  readonly sessions = new Map<string, FakeSession>();
  /** Number of sessions that were cancelled with DELETE. */
  cancelled = 0;
  private generations = 1_700_000_000_000_000n;

  /**
   * Returns true if the precondition on the generation holds. "0" means that the object must not
   * exist.
   */
  matches(name: string, ifGenerationMatch: string | undefined): boolean {
    return ifGenerationMatch === undefined || ifGenerationMatch === (this.objects.get(name)?.generation ?? '0');
  }

  /** Writes an object, replacing any existing one. */
  write(name: string, content: Buffer): FakeObject {
    this.generations += 1n;
    const object = { name, generation: String(this.generations), content, crc32c: crc32cText(content) };
    this.objects.set(name, object);
    return object;
  }

  begin(name: string, ifGenerationMatch: string | undefined): FakeSession {
    const session = { id: randomUUID(), name, ifGenerationMatch, chunks: [], persisted: 0 };
    this.sessions.set(session.id, session);
    return session;
  }
}

/** Returns the object resource of the JSON API, with the fields that Layover reads. */
export function resourceOf({ name, generation, content, crc32c }: FakeObject): Record<string, string> {
  return {
    kind: 'storage#object',
    name,
    generation,
    size: String(content.length),
    crc32c,
  };
}

/** Returns the CRC32C in the encoding of the API. */
export function crc32cText(content: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(checksumOf(content));
  return bytes.toString('base64');
}
