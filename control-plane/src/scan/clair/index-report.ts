import { z } from 'zod';
import { ClairError } from './clair-error';
import type { ClairAnswer } from './clair-http';

/** How indexing ended. `state`: the indexer's state; undefined where Clair did not say. */
export type IndexOutcome =
  | { readonly kind: 'indexed'; readonly state: string | undefined }
  /** 201 all the same: a layer could not be fetched, for example. Clair keeps that until it is deleted. */
  | { readonly kind: 'failed'; readonly reason: string; readonly state: string | undefined }
  /** 400: it is no image that Clair takes. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The part of an IndexReport that is needed (claircore, indexreport.go). */
const INDEX_REPORT = z.object({
  state: z.string(),
  success: z.boolean().nullish(),
  err: z.string().nullish(),
});

const INDEX_STATE = z.object({ state: z.string().min(1).max(128) });

/** How indexing ended, from a 201. Throws INVALID. */
export function readIndexReport(answer: ClairAnswer): IndexOutcome {
  const report = parse(INDEX_REPORT, answer.body, 'index report');
  const state = etagOf(answer);
  if (report.state === 'IndexFinished' && report.success !== false) return { kind: 'indexed', state };
  const why = report.err === null || report.err === undefined || report.err === '' ? 'no reason given' : report.err;
  return { kind: 'failed', reason: `indexing ended as ${report.state}: ${why}`, state };
}

/** The indexer's state, from a 200. Throws INVALID. */
export function readIndexState(answer: ClairAnswer): string {
  return parse(INDEX_STATE, answer.body, 'index state').state;
}

/** The indexer's state in an ETag. */
export function etagOf({ headers }: ClairAnswer): string | undefined {
  return /^(?:W\/)?"([^"]{1,128})"$/.exec(headers.etag ?? '')?.[1];
}

/** JSON of that shape. Throws INVALID. */
export function parse<T>(schema: z.ZodType<T>, body: Buffer, what: string): T {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new ClairError('INVALID', `Clair's ${what} is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ClairError(
    'INVALID',
    `Clair's ${what} cannot be understood: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
}
