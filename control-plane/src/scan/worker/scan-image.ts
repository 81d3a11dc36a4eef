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

/** How long what is not the image's fault waits, in milliseconds. */
const NOT_READY_MS = 5_000;
const BUSY_MS = 15_000;
const AWAY_MS = 15_000;
const NO_SOURCE_MS = 600_000;
/** What passes twice as much on average is spread over. */
const SPREAD = 0.5;

/** What a scan knows beside its parts. */
export interface ScanContext {
  /** Clair's index_state as it was last seen; undefined = not yet. */
  readonly indexState: () => string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Scans an image that was claimed: has Clair forget what went wrong before, index it, and tell what it knows. However it ends, the claim is given
 * back with what became of it, unless somebody else has it by then. Throws what the database throws, and what `signal` was aborted with.
 */
export async function scanImage(parts: ScanParts, claim: ClaimedScan, context: ScanContext): Promise<void> {
  const { stores, config } = parts;
  const { reader } = parts.database;
  // It was claimed as often as it may be tried, and nobody said how that ended.
  if (claim.attempts > config.maxAttempts) {
    await failScan(
      parts,
      claim,
      'Every control plane that scanned it ended in the middle of it.',
      context.indexState(),
    );
    return;
  }
  const sources = await layerSources(reader, claim.digest);
  // Another one with each try: one organization's rules may keep Clair from what another gives it.
  const source = sources[(claim.attempts - 1) % Math.max(1, sources.length)];
  if (source === undefined) return leaveWithoutSource(parts, claim);
  if (!(await wholeImages(reader, stores, [claim.digest])).has(claim.digest)) {
    await waitForLayers(parts, claim);
    return;
  }
  try {
    await indexAndRead(parts, claim, source, context);
  } catch (error) {
    if (!isClairError(error)) throw error;
    await afterTrouble(parts, claim, error, context);
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
  if (layers === undefined) throw new ClairError('AWAY', 'There is no key to sign tokens for Clair with.');
  const indexedAt = claim.deleteFirst ? undefined : claim.indexerState;
  const outcome = await clair.index(claim.digest, layers, indexedAt, context.signal);
  if (outcome.kind === 'failed')
    return afterFailure(parts, claim, outcome.reason, outcome.state ?? context.indexState());
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
      note: "It is indexed; Clair's matcher is not ready yet.",
      pauseMs: NOT_READY_MS,
      indexerState: state,
    });
  else if (claim.attempts >= parts.config.maxAttempts)
    await failScan(parts, claim, 'Clair indexed it, and does not know it all the same.', state);
  else await requeueUnknown(parts, claim);
}

/** What becomes of it when Clair gave no answer: only what may be the image's fault counts as a try. */
async function afterTrouble(
  parts: ScanParts,
  claim: ClaimedScan,
  error: ClairError,
  context: ScanContext,
): Promise<void> {
  const { circuit } = parts.clair;
  const { trouble, message } = error;
  if (trouble === 'BUSY') {
    // The others would be told the same.
    circuit.busy(error.retryAfterMs ?? BUSY_MS);
    await postponeScan(parts, claim, { note: message, pauseMs: spread(parts, error.retryAfterMs ?? BUSY_MS) });
  } else if (trouble === 'AWAY') await postponeScan(parts, claim, { note: message, pauseMs: untilBack(parts) });
  else if (trouble === 'BROKEN') await afterFailure(parts, claim, message, context.indexState());
  else await failScan(parts, claim, message, context.indexState());
}

/**
 * Clair could not index it: 201 with a report that says so, or 500 (as 4.9 answers a layer that it could not fetch). That is this image's failure, unless it
 * is the same with others as well.
 */
async function afterFailure(
  parts: ScanParts,
  claim: ClaimedScan,
  reason: string,
  state: string | undefined,
): Promise<void> {
  if (parts.clair.circuit.failed(claim.digest, reason))
    await postponeScan(parts, claim, { note: reason, pauseMs: untilBack(parts), deleteFirst: true });
  else await failScan(parts, claim, reason, state);
}

function untilBack(parts: ScanParts): number {
  return spread(parts, Math.max(AWAY_MS, parts.clair.circuit.pauseLeftMs));
}

function spread({ random }: ScanParts, ms: number): number {
  return Math.round(ms * (1 + SPREAD * random()));
}

async function leaveWithoutSource(parts: ScanParts, claim: ClaimedScan): Promise<void> {
  const held = await parts.database.reader(Table.manifests).where('digest', claim.digest).first('id');
  if (held === undefined) await dropScan(parts, claim);
  else
    await postponeScan(parts, claim, {
      note: 'No organization that holds it lets anybody pull at present, Clair neither.',
      pauseMs: NO_SOURCE_MS,
    });
}
