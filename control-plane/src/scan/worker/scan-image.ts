import { Table } from '../../../../schema/tables';
import { ClairError, isClairError } from '../clair/clair-error';
import type { IndexOutcome } from '../clair/index-report';
import { clairLayers } from './clair-layers';
import type { ClaimedScan } from '../queue/claim-scans';
import { completeScan } from './complete-scan';
import { failScan } from './fail-scan';
import { type LayerSource, layerSources } from './layer-source';
import { dropScan, postponeScan, refuseScan, requeueUnknown, waitForLayers } from './leave-scan';
import type { ScanParts } from './scan-parts';
import { wholeImages } from '../queue/whole-images';

/** Pauses for reasons other than the image, in milliseconds. */
const NOT_READY_MS = 5_000;
const BUSY_MS = 15_000;
const AWAY_MS = 15_000;
const NO_SOURCE_MS = 600_000;
/** Maximum random addition to a pause, as a share of it. */
const SPREAD = 0.5;

/** The context of a scan. */
export interface ScanContext {
  /** Returns the index_state of Clair when it was last read, or undefined before that. */
  readonly indexState: () => string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Scans a claimed image: deletes an earlier failed report, indexes the image and reads its report.
 * The claim always ends with a result, unless another process has it by then. Throws database
 * errors, and the reason of `signal` if it aborts.
 */
export async function scanImage(parts: ScanParts, claim: ClaimedScan, context: ScanContext): Promise<void> {
  const { config } = parts;
  const { reader } = parts.database;
  // The image was claimed the maximum number of times and no outcome was recorded.
  if (claim.attempts > config.maxAttempts) {
    await failScan(
      parts,
      claim,
      'The scan was started the maximum number of times, but the control plane ended during each attempt.',
      context.indexState(),
    );
    return;
  }
  const sources = await layerSources(reader, claim.digest);
  // Every attempt uses another source: the rules of one organization may refuse Clair what another
  // one allows.
  const source = sources[(claim.attempts - 1) % Math.max(1, sources.length)];
  if (source === undefined) return leaveWithoutSource(parts, claim);
  try {
    await indexAndRead(parts, claim, source, context);
  } catch (error) {
    if (!isClairError(error)) throw error;
    await handleClairError(parts, claim, error, context);
  }
}

async function indexAndRead(
  parts: ScanParts,
  claim: ClaimedScan,
  source: LayerSource,
  context: ScanContext,
): Promise<void> {
  const { clair, stores, database } = parts;
  if (claim.deleteFirst) await clair.forget(claim.digest, context.signal);
  const references = await stores.manifests.references(database.reader, [source.manifestId]);
  const layers = await clairLayers(parts, source, references);
  if (layers === undefined) throw new ClairError('AWAY', 'There is no key to sign the tokens for Clair.');
  const indexedAt = claim.deleteFirst ? undefined : claim.indexerState;
  const outcome = await clair.index(claim.digest, layers, indexedAt, context.signal);
  if (outcome.kind === 'failed')
    return handleFailedIndexing(parts, claim, outcome.reason, outcome.state ?? context.indexState());
  clair.circuit.worked();
  if (outcome.kind === 'indexed') return readReport(parts, claim, outcome, context);
  await refuseScan(parts, claim, outcome.reason, context.indexState());
}

async function readReport(
  parts: ScanParts,
  claim: ClaimedScan,
  { state }: Extract<IndexOutcome, { kind: 'indexed' }>,
  context: ScanContext,
): Promise<void> {
  const read = await parts.clair.report(claim.digest, context.signal);
  if (read.kind === 'report') await completeScan(parts, claim, read.report, state ?? context.indexState());
  else if (read.kind === 'not-ready')
    await postponeScan(parts, claim, {
      note: 'Clair has indexed the image; its matcher is not ready yet.',
      pauseMs: NOT_READY_MS,
      indexerState: state,
    });
  else if (claim.attempts >= parts.config.maxAttempts)
    await failScan(parts, claim, 'Clair has indexed the image, but does not know it when asked for its report.', state);
  else await requeueUnknown(parts, claim);
}

/**
 * Handles a failed call of Clair. Only failures that the image may have caused count as attempts.
 */
async function handleClairError(
  parts: ScanParts,
  claim: ClaimedScan,
  error: ClairError,
  context: ScanContext,
): Promise<void> {
  const { circuit } = parts.clair;
  const { trouble, message } = error;
  if (trouble === 'BUSY') {
    // Other images would get the same answer.
    circuit.busy(error.retryAfterMs ?? BUSY_MS);
    await postponeScan(parts, claim, { note: message, pauseMs: spread(parts, error.retryAfterMs ?? BUSY_MS) });
  } else if (trouble === 'AWAY')
    await postponeScan(parts, claim, { note: message, pauseMs: pauseWhileUnavailable(parts) });
  else if (trouble === 'BROKEN') await handleFailedIndexing(parts, claim, message, context.indexState());
  else await failScan(parts, claim, message, context.indexState());
}

/**
 * Handles an image that Clair could not index: 201 with a failed report, or 500, which Clair 4.9
 * answers if a layer could not be fetched. It counts as a failure of the image, unless other images
 * fail too.
 */
async function handleFailedIndexing(
  parts: ScanParts,
  claim: ClaimedScan,
  reason: string,
  state: string | undefined,
): Promise<void> {
  if (parts.clair.circuit.failed(claim.digest, reason))
    await postponeScan(parts, claim, { note: reason, pauseMs: pauseWhileUnavailable(parts), deleteFirst: true });
  else await failScan(parts, claim, reason, state);
}

function pauseWhileUnavailable(parts: ScanParts): number {
  return spread(parts, Math.max(AWAY_MS, parts.clair.circuit.pauseLeftMs));
}

function spread({ random }: ScanParts, ms: number): number {
  return Math.round(ms * (1 + SPREAD * random()));
}

async function leaveWithoutSource(parts: ScanParts, claim: ClaimedScan): Promise<void> {
  const { reader } = parts.database;
  const held = await reader(Table.manifests).where('digest', claim.digest).first('id');
  if (held === undefined) await dropScan(parts, claim);
  else if (!(await wholeImages(reader, [claim.digest])).has(claim.digest)) await waitForLayers(parts, claim);
  else
    await postponeScan(parts, claim, {
      note: 'No organization that holds the image allows pulls at present.',
      pauseMs: NO_SOURCE_MS,
    });
}
