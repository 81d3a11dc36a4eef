import type { FuzzTarget } from '../engine/fuzz-target';
import { graphqlLimitsTarget } from './graphql-limits';
import { journalFramesTarget } from './journal-frames';
import { linkHeaderTarget } from './link-header';
import { localIndexTarget } from './local-index';
import { manifestTarget } from './manifest';
import { ociRequestTarget } from './oci-request';
import { rangeTarget } from './range';
import { tokenAnswerTarget } from './token-answer';
import { wwwAuthenticateTarget } from './www-authenticate';

/** Creates all targets of `npm run fuzz`. */
export function fuzzTargets(): readonly FuzzTarget[] {
  return [
    ociRequestTarget,
    rangeTarget,
    wwwAuthenticateTarget,
    manifestTarget,
    tokenAnswerTarget,
    linkHeaderTarget,
    graphqlLimitsTarget(),
    journalFramesTarget,
    localIndexTarget(),
  ];
}
