import type { IncomingMessage } from 'node:http';
import { openRequest } from '../../support/real/http-client';
import type { Question } from '../cases/subject';
import type { World } from '../world/world';

/**
 * What a client saw:
 *
 * - `right`: the right status and bytes, complete.
 * - `error`: a complete error of the registry that says that a retry may help (429 or 5xx).
 * - `cut`: the connection broke, before or in the answer.
 * - `wrong`: a complete answer that is none of these.
 * - `late`: no end of the answer in time.
 */
export type SightKind = 'right' | 'error' | 'cut' | 'wrong' | 'late';

/** What a client saw of one request. */
export interface Sight {
  readonly kind: SightKind;
  /** 0 if there were no headers. */
  readonly status: number;
  readonly bodyBytes: number;
  readonly seconds: number;
  /** Details for people. */
  readonly detail: string;
  /** The X-Request-Id of the request, which its record has. */
  readonly requestId: string;
}

/** Sends a request over a new connection and judges the answer. */
export async function ask(world: World, question: Question, requestId: string, limitMs: number): Promise<Sight> {
  const began = process.hrtime.bigint();
  const limit = AbortSignal.timeout(limitMs);
  let answer: IncomingMessage | undefined;
  const chunks: Buffer[] = [];
  const sight = (kind: SightKind, detail: string): Sight => ({
    kind,
    status: answer?.statusCode ?? 0,
    bodyBytes: chunks.reduce((sum, { length }) => sum + length, 0),
    seconds: Number(process.hrtime.bigint() - began) / 1e9,
    detail,
    requestId,
  });
  try {
    answer = await openRequest({
      method: question.method,
      url: `${world.url}${question.path}`,
      headers: { ...question.headers, Authorization: world.authorization, 'X-Request-Id': requestId },
      signal: limit,
    });
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    if (limit.aborted) return sight('late', `no end after ${limitMs / 1000} s`);
    return sight('cut', String((error as NodeJS.ErrnoException).code ?? error));
  }
  const body = Buffer.concat(chunks);
  if (answer.statusCode === question.status) {
    if (isRight(question, body)) return sight('right', '');
    return sight('wrong', `wrong bytes: ${preview(body)}`);
  }
  const status = answer.statusCode!;
  const isError = status === 429 || (status >= 500 && status <= 599);
  const isWellFormed = question.method === 'HEAD' || /"errors":\[\{"code":"[A-Z_]+"/.test(body.toString());
  return sight(isError && isWellFormed ? 'error' : 'wrong', preview(body));
}

function isRight(question: Question, body: Buffer): boolean {
  try {
    return question.isRight(body);
  } catch {
    return false;
  }
}

function preview(body: Buffer): string {
  return `${body.length} bytes ${JSON.stringify(body.subarray(0, 200).toString())}`;
}
