import { answer, type CannedResponse, type Exchange } from '../fake-registry';

/** Sends an answer of a profile; JSON unless it names another content type. */
export function answerCanned(exchange: Exchange, { status, headers, body }: CannedResponse): Promise<void> {
  return answer(exchange, status, { 'content-type': 'application/json', ...headers }, Buffer.from(body ?? ''));
}
