import { answerError } from './answer-error';
import { endpointOf } from '../endpoint';
import { goneElsewhere } from '../gone-elsewhere';
import type { HttpAnswer } from '../http/http-client';
import type { RegistryClient, UpstreamRequest } from './registry-client';

const GONE: readonly number[] = [404, 410];

/**
 * Sends a request for a manifest. Throws the errors of RegistryClient.ask. The error for a 404 or
 * 410 says whether the requested place itself gave that answer (isGoneElsewhere).
 */
export async function askForManifest(client: RegistryClient, request: UpstreamRequest): Promise<HttpAnswer> {
  const answer = await client.ask(request, GONE);
  if (!GONE.includes(answer.status)) return answer;
  // A 404 or 410 names no time to wait, so the error needs no clock.
  const error = await answerError(answer, request.repository, request.subject, 0);
  throw isRequestedPlace(answer, request) ? error : goneElsewhere(error, answer.url.host);
}

function isRequestedPlace({ url }: HttpAnswer, { repository, path }: UpstreamRequest): boolean {
  return url.href === new URL(`/v2/${repository.name}/${path}`, endpointOf(repository.origin).base).href;
}
