import { isErrorKey } from '../../../../common/errors/catalogue';
import type { EdgeAnswer__Output } from '../../../../proto/gen/layover/v1/EdgeAnswer';
import type { RecordAnswersReply } from '../../../../proto/gen/layover/v1/RecordAnswersReply';
import type { RecordAnswersRequest__Output } from '../../../../proto/gen/layover/v1/RecordAnswersRequest';
import type { RepositoryAddress__Output } from '../../../../proto/gen/layover/v1/RepositoryAddress';
import type { Addresses } from '../../access/addresses';
import type { EdgeAnswers } from '../../manifests/edge-answers';
import { invalidField, readRepository } from '../read-request';
import { readManifestReference } from './get-manifest';

/** Maximum number of answers in a message (registry.proto). */
const MAX_ANSWERS = 16;
/** The address of requests for several owners. It is not used. */
const NO_OWNER: RepositoryAddress__Output = {
  owner: 'organization',
  organization: '',
  repository: 'several',
  hostOrganization: '',
};

/**
 * Answers Registry.RecordAnswers (registry.proto). Throws REQUEST_INVALID, NAME_INVALID,
 * TAG_INVALID, DIGEST_INVALID, and NOT_READY if there is no configuration yet.
 */
export async function recordAnswersRpc(
  addresses: Addresses,
  answers: EdgeAnswers,
  { answers: given }: RecordAnswersRequest__Output,
  signal: AbortSignal,
): Promise<RecordAnswersReply> {
  if (given.length > MAX_ANSWERS)
    throw invalidField('answers', `has ${given.length} answers; the maximum is ${MAX_ANSWERS}`);
  await Promise.all(given.map((answer) => recordOne(addresses, answers, answer, signal)));
  return {};
}

async function recordOne(
  addresses: Addresses,
  answers: EdgeAnswers,
  answer: EdgeAnswer__Output,
  signal: AbortSignal,
): Promise<void> {
  const { request: message, ageMs, firstAgeMs, count, otherClients } = answer;
  if (message === null) throw invalidField('answers', 'has an answer without its request');
  const hasOwner = message.address !== null;
  const error = isErrorKey(answer.error) ? answer.error : 'DATA_PLANE_UNAVAILABLE';
  const asked = {
    ...readRepository({ context: message.context, address: message.address ?? NO_OWNER }, signal),
    reference: readManifestReference(message),
    headOnly: message.headOnly,
    accept: [],
  };
  const request = hasOwner ? await addresses.likely(asked) : asked;
  if (count === 0) await answers.record({ request, error, message: answer.message, ageMs });
  else await answers.recordSum({ request, error, ageMs, count, firstAgeMs, otherClients, hasOwner });
}
