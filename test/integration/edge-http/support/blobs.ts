import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveRange } from '../../../../common/oci/byte-range';
import { type Digest, digestOf } from '../../../../common/oci/digest';
import type { ReadBlobRequest__Output } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';

const CHUNK = 256 * 1024;

/** A blob in memory and in a file. */
export interface TestBlob {
  readonly content: Buffer;
  readonly digest: Digest;
  readonly file: string;
  /** Path of the blob at the edge. */
  readonly path: string;
}

/** Folder for the files of a suite. */
export class BlobFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'layover-edge-'));

  /** Creates a blob of random bytes. Its file contains the first `inFile` of them. */
  make(size: number, inFile = size): TestBlob {
    const content = randomBytes(size);
    const digest = digestOf(content);
    const file = join(this.folder, digest.slice(7, 30));
    writeFileSync(file, content.subarray(0, inFile));
    return { content, digest, file, path: `/v2/docker/alpine/blobs/${digest}` };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Returns the range that a request selects, like a data plane. */
export function wanted(request: ReadBlobRequest__Output, size: number): { offset: number; length: number } {
  if (request.range === 'suffixLength') return resolveRange({ kind: 'suffix', length: request.suffixLength! }, size)!;
  const { bytes } = request;
  if (request.range !== 'bytes' || bytes == null) return { offset: 0, length: size };
  const last = bytes.lastByte === -1 ? undefined : bytes.lastByte;
  return resolveRange({ kind: 'bytes', first: bytes.firstByte, last }, size)!;
}

/** Serves a blob over the call, at most `upTo` bytes of the range. */
export async function serveInline(blob: TestBlob, sender: BlobSender, upTo = Infinity): Promise<void> {
  const { offset, length } = wanted(sender.request, blob.content.length);
  await sender.header({ size: blob.content.length, offset, length, delivery: 'INLINE' });
  const end = offset + Math.min(length, upTo);
  for (let at = offset; at < end; at += CHUNK) await sender.chunk(blob.content.subarray(at, Math.min(at + CHUNK, end)));
}

/** Serves a blob as a complete file and waits until the reader leaves. */
export async function serveFile(blob: TestBlob, sender: BlobSender, path = blob.file): Promise<void> {
  const { offset, length } = wanted(sender.request, blob.content.length);
  const size = blob.content.length;
  await sender.header({ size, offset, length, delivery: 'LOCAL_FILE', path, available: size });
  await sender.cancelled;
}
