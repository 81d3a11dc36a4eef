import { badInput } from '../../errors/api-error';
import { OversizePolicy } from './enums';
import { BOOLEAN, BYTES, choice, INTEGER, optional, required, withDefault } from './settings/kinds';
import { range } from './settings/rules';
import type { Rule, SettingDefinitions, ValuesOf } from './settings/setting';

/** The ByteSize scalar rejects larger values. */
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
    description:
      'Maximum bytes of the cached content of the organization. A token of role MANAGER can lower the limit, but ' +
      'neither raise nor remove it.',
    rule: AT_LEAST_ONE_BYTE,
    column: 'limit_bytes',
  }),
  autoPrune: withDefault(BOOLEAN, {
    description: 'If true, the least recently pulled images are evicted to make room.',
    default: true,
    column: 'auto_prune',
  }),
  onOversize: withDefault(choice(OversizePolicy), {
    description: 'What happens to an image that does not fit. Only a token of role ADMIN can change it to OVERFLOW.',
    default: OversizePolicy.PASS_THROUGH,
    column: 'on_oversize',
  }),
  warningPercent: optional(INTEGER, {
    description: 'An audit event is written when usage exceeds this percentage of limitBytes. Null means no warning.',
    rule: range(1, 100),
    column: 'warning_percent',
  }),
} satisfies SettingDefinitions;

/** The limit of the bytes that an organization holds. */
export type Quota = ValuesOf<typeof QUOTA_SETTINGS>;
