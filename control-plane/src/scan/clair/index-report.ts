import { z } from 'zod';
import { ClairError } from './clair-error';
import type { ClairAnswer } from './clair-http';
import { withoutLayerAddress } from './report-text';

/**
 * The result of indexing. `state` is the index_state of the indexer; undefined if Clair did not
 * send it.
 */
export type IndexOutcome =
  | { readonly kind: 'indexed'; readonly state: string | undefined }
  /**
   * 201 with an error, for example if a layer could not be fetched. Clair keeps this report until
   * it is deleted.
   */
  | { readonly kind: 'failed'; readonly reason: string; readonly state: string | undefined }
  /** 400: Clair does not accept the image. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The fields of an IndexReport that are used (claircore, indexreport.go). */
const INDEX_REPORT = z.object({
  state: z.string(),
  success: z.boolean().nullish(),
  err: z.string().nullish(),
});

/** The last states of an indexing (claircore, indexer/controller/state.go). */
const ENDED: readonly string[] = ['IndexFinished', 'IndexError'];

const INDEX_STATE = z.object({ state: z.string().min(1).max(128) });

/** Parses the result of indexing from a 201 answer. Throws INVALID. */
export function readIndexReport(answer: ClairAnswer): IndexOutcome {
  return outcomeOf(parse(INDEX_REPORT, answer.body, 'index report'), etagOf(answer));
}

function outcomeOf(report: z.infer<typeof INDEX_REPORT>, state: string | undefined): IndexOutcome {
  if (report.state === 'IndexFinished' && report.success !== false) return { kind: 'indexed', state };
  const why = report.err === null || report.err === undefined || report.err === '' ? 'no reason given' : report.err;
  return { kind: 'failed', reason: `indexing ended in state ${report.state}: ${withoutLayerAddress(why)}`, state };
}

/** Parses a stored index report, of an indexing that may still run. Throws INVALID. */
export function readIndexProgress(answer: ClairAnswer): 'running' | IndexOutcome {
  const report = parse(INDEX_REPORT, answer.body, 'index report');
  return ENDED.includes(report.state) ? outcomeOf(report, etagOf(answer)) : 'running';
}

/** Parses the index_state from a 200 answer. Throws INVALID. */
export function readIndexState(answer: ClairAnswer): string {
  return parse(INDEX_STATE, answer.body, 'index state').state;
}

/** Returns the index_state in the ETag of an answer, or undefined. */
export function etagOf({ headers }: ClairAnswer): string | undefined {
  return /^(?:W\/)?"([^"]{1,128})"$/.exec(headers.etag ?? '')?.[1];
}

/** Parses JSON of the given shape. `what` names it in errors. Throws INVALID. */
export function parse<T>(schema: z.ZodType<T>, body: Buffer, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ClairError('INVALID', `The ${what} of Clair is not valid JSON.`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ClairError(
    'INVALID',
    `The ${what} of Clair has an unexpected form: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}
