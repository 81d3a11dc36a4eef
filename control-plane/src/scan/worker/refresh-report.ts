import { isClairError } from '../clair/clair-error';
import type { ClaimedScan } from '../queue/claim-scans';
import { completeScan } from './complete-scan';
import { postponeScan, requeueUnknown } from './leave-scan';
import type { ScanContext } from './scan-image';
import type { ScanParts } from './scan-parts';

/** Pauses before a retry, in milliseconds. */
const AGAIN_MS = 60_000;
const LONGER_MS = 600_000;

/**
 * Reads the report of an indexed image again. A failure leaves the result as it is and is retried
 * later.
 */
export async function refreshReport(parts: ScanParts, claim: ClaimedScan, { signal }: ScanContext): Promise<void> {
  try {
    const read = await parts.clair.report(claim.digest, signal);
    if (read.kind === 'report') await completeScan(parts, claim, read.report, claim.indexerState);
    else if (read.kind === 'not-indexed') await requeueUnknown(parts, claim);
    else await postponeScan(parts, claim, { note: undefined, pauseMs: AGAIN_MS });
  } catch (error) {
    if (!isClairError(error)) throw error;
    const isClairs = error.trouble === 'AWAY' || error.trouble === 'BUSY';
    if (!isClairs)
      parts.log.warn({ err: error, digest: claim.digest }, 'Reading a vulnerability report failed; it will be retried');
    const pauseMs = (isClairs ? AGAIN_MS : LONGER_MS) * (1 + parts.random());
    await postponeScan(parts, claim, { note: undefined, pauseMs: Math.round(pauseMs) });
  }
}
