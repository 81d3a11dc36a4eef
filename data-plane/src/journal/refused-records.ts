import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../../common/files/durable-folder';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** Size of the file from which on refused records are only logged, in bytes. */
export const MAX_REFUSED_BYTES = 16 * 1024 * 1024;

/**
 * Records that the control plane permanently rejects, kept for an operator: `refused.jsonl` in the
 * folder of the journal, one JSON object {reason, record} per line. A record may appear twice if it
 * was rejected again after a crash.
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
   * Writes a record durably to the file. Resolves with false if the file is full. Throws file
   * system errors.
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
    // The journal removes the record after this, so the name of a new file must be durable.
    if (size === undefined) await syncFolder(dirname(this.path));
    return true;
  }
}
