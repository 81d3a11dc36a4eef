import { LayoverError } from '../../../common/errors/layover-error';
import type { Configuration, OrganizationConfiguration } from '../configuration/configuration';
import type { Identity } from './identify';
import { mayPullFrom } from './verify-robot';

/** When clients may try again, in seconds. A data plane reconnects every few seconds. */
const RETRY_AFTER_SECONDS = 30;

/**
 * Requires a configuration that is at most `maxAgeMs` milliseconds old for access that nothing but
 * the visibility `PUBLIC` grants: the organization may have become private since then (ADR 32). The
 * robots that may pull from the organization have access whatever its visibility is. Throws
 * NOT_READY, so that an edge asks another data plane, which may have a newer configuration.
 */
export function requireCurrent(
  configuration: Configuration,
  maxAgeMs: number,
  organization: OrganizationConfiguration,
  identity: Identity,
): void {
  if (configuration.ageMs <= maxAgeMs || mayPullFrom(identity.robot, organization.uid)) return;
  throw new LayoverError('NOT_READY', {
    message:
      `Organization "${organization.name}" was public when this data plane last reached the control plane, ` +
      `which is too long ago for access without an account (limit: ${maxAgeMs / 1000} s). Log in as ` +
      `${organization.name}+<robot>, or try again later.`,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
