import type { OperationName } from '../../../support/museum/operations';
import { pullCold } from './operations/cold';
import { pullExpired } from './operations/expired';
import { askHead } from './operations/head';
import { pullIndex } from './operations/index-pull';
import { meetLimit } from './operations/limit';
import { respectLimitScope } from './operations/limit-scope';
import { askMissing } from './operations/missing';
import { followMovedTag } from './operations/moved';
import { surviveOutage } from './operations/outage';
import { passThrough } from './operations/pass-through';
import { pullPrivate } from './operations/private';
import { listReferrersOf } from './operations/referrers';
import { pullRevoked } from './operations/revoked';
import { listAllTags } from './operations/tags';
import { pullWarm } from './operations/warm';
import type { MuseumVisit } from './stage';

/** An operation with a registry; throws if Layover does not do what it should. */
export type Operation = (visit: MuseumVisit) => Promise<void>;

/** The operations by name. */
export const RUN: Readonly<Record<OperationName, Operation>> = {
  cold: pullCold,
  warm: pullWarm,
  head: askHead,
  moved: followMovedTag,
  index: pullIndex,
  tags: listAllTags,
  referrers: listReferrersOf,
  'pass-through': passThrough,
  limit: meetLimit,
  'limit-scope': respectLimitScope,
  expired: pullExpired,
  revoked: pullRevoked,
  private: pullPrivate,
  missing: askMissing,
  outage: surviveOutage,
};
