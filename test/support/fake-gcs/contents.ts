import { createHash, randomUUID } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';

/** An object that anybody can read. */
export interface FakeObject {
  readonly name: string;
  readonly generation: string;
  readonly content: Buffer;
}

/** An upload that has begun and not ended. */
export interface FakeSession {
  readonly id: string;
  readonly name: string;
  readonly ifGenerationMatch: string | undefined;
  chunks: Buffer[];
  /** Bytes that are kept. */
  persisted: number;
}

/** What a fake bucket holds: one generation of every name, as a bucket without versioning. */
export class FakeContents {
  readonly objects = new Map<string, FakeObject>();
  readonly sessions = new Map<string, FakeSession>();
  /** Sessions that were ended by DELETE. */
  cancelled = 0;
  private generations = 1_700_000_000_000_000n;

  /** Whether a request that names a generation is meant for what is there ("0" = nothing). */
  matches(name: string, ifGenerationMatch: string | undefined): boolean {
    return ifGenerationMatch === undefined || ifGenerationMatch === (this.objects.get(name)?.generation ?? '0');
  }

  /** Puts bytes under a name, over whatever is there. */
  write(name: string, content: Buffer): FakeObject {
    this.generations += 1n;
    const object = { name, generation: String(this.generations), content };
    this.objects.set(name, object);
    return object;
  }

  begin(name: string, ifGenerationMatch: string | undefined): FakeSession {
    const session = { id: randomUUID(), name, ifGenerationMatch, chunks: [], persisted: 0 };
    this.sessions.set(session.id, session);
    return session;
  }
}

/** The object resource of the JSON API, as far as Layover reads it. */
export function resourceOf({ name, generation, content }: FakeObject): Record<string, string> {
  return {
    kind: 'storage#object',
    name,
    generation,
    size: String(content.length),
    crc32c: crc32cText(content),
    md5Hash: createHash('md5').update(content).digest('base64'),
  };
}

/** CRC32C as the API writes it. */
export function crc32cText(content: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32c(content));
  return bytes.toString('base64');
}
