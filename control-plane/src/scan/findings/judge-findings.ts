import type { JudgeImageReply } from '../../../../proto/gen/layover/v1/JudgeImageReply';
import type { Queries } from '../../db/database';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import { SEVERITIES, severityOf } from '../../tenancy/organizations/severity';
import { blockingVulnerabilities } from './blocking-vulnerabilities';

/** How long a verdict about an image may be cached, in milliseconds. */
export const GOOD_FOR_MS = 10_000;
/** Maximum number of names in a verdict. */
const MAX_NAMES = 20;

/** The verdict about an image that nothing blocks. */
export const SERVE: JudgeImageReply = { verdict: 'SERVE', reason: '', vulnerabilities: [], goodForMs: GOOD_FOR_MS };

/**
 * Returns the verdict of a policy about the stored findings of an image, SERVE or REFUSE. `now` is
 * in milliseconds since the epoch.
 */
export async function judgeFindings(
  queries: Queries,
  policy: ScanPolicy,
  digest: string,
  now: number,
): Promise<JudgeImageReply> {
  const blocking = await blockingVulnerabilities(queries, digest, policy, now);
  if (blocking.length === 0) return SERVE;
  const counts = [...SEVERITIES].reverse().flatMap((severity) => {
    const count = blocking.filter((one) => severityOf(one.severity) === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const noun = blocking.length === 1 ? 'vulnerability' : 'vulnerabilities';
  return {
    verdict: 'REFUSE',
    reason: `it has ${blocking.length} known ${noun} that the scan policy blocks: ${counts.join(', ')}`,
    vulnerabilities: blocking.slice(0, MAX_NAMES).map(({ name }) => name),
    goodForMs: GOOD_FOR_MS,
  };
}
