import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../../common/files/durable-folder';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** Bytes after which refused records are no longer kept, only logged. */
export const MAX_REFUSED_BYTES = 16 * 1024 * 1024;

/**
 * Records that the control plane will never take, kept for a person to look at: `refused.jsonl` in the journal's folder,
 * one JSON object {reason, record} a line. A record may stand there twice when a crash made it be refused again.
 */
export class RefusedRecords {
  private readonly path: string;

  constructor(
    directory: string,
    private readonly maxBytes = MAX_REFUSED_BYTES,
  ) {
    this.path = join(directory, 'refused.jsonl');
  }

  /**
   * Writes a record to the file, durably. Resolves with false if the file is full. Throws what the
   * file system throws.
   */
  async keep(record: PullRecord, reason: string): Promise<boolean> {
    const line = Buffer.from(`${JSON.stringify({ reason, record })}\n`);
    const size = await stat(this.path).then(
      (found) => found.size,
      () => undefined,
    );
    if ((size ?? 0) + line.length > this.maxBytes) return false;
    const file = await open(this.path, 'a', 0o600);
    try {
      await file.appendFile(line);
      await file.datasync();
    } finally {
      await file.close();
    }
    // The journal forgets the record after this, so a new file must not lose its name.
    if (size === undefined) await syncFolder(dirname(this.path));
    return true;
  }
}
