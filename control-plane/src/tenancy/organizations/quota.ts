import { badInput } from '../../errors/api-error';
import { OversizePolicy } from './enums';
import { BOOLEAN, BYTES, choice, INTEGER, optional, required, withDefault } from './settings/kinds';
import { range } from './settings/rules';
import type { Rule, Settings, ValuesOf } from './settings/setting';

/** The ByteSize scalar refuses what is above. */
const AT_LEAST_ONE_BYTE: Rule<bigint> = {
  text: 'From 1 to 9223372036854775807 bytes.',
  check(value, field) {
    if (value < 1n) throw badInput(field, 'must be from 1 to 9223372036854775807 bytes');
    return value;
  },
};

/** The settings of a quota. */
export const QUOTA_SETTINGS = {
  limitBytes: required(BYTES, {
    description: 'The most bytes that the cached content of the organization may have.',
    rule: AT_LEAST_ONE_BYTE,
    column: 'limit_bytes',
  }),
  autoPrune: withDefault(BOOLEAN, {
    description: 'Whether the least recently pulled content is evicted to make room.',
    default: true,
    column: 'auto_prune',
  }),
  onOversize: withDefault(choice(OversizePolicy), {
    description: 'What happens to an image that does not fit.',
    default: OversizePolicy.PASS_THROUGH,
    column: 'on_oversize',
  }),
  warningPercent: optional(INTEGER, {
    description: 'An audit event is written when usage passes this percentage of limitBytes; null: no warning.',
    rule: range(1, 100),
    column: 'warning_percent',
  }),
} satisfies Settings;

/** A limit on what an organization keeps. */
export type Quota = ValuesOf<typeof QUOTA_SETTINGS>;
