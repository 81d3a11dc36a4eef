import type { ScanPolicy as ScanPolicyMessage } from '../../../../proto/gen/layover/v1/ScanPolicy';
import { isStorable } from '../../db/storable-text';
import { badInput } from '../../errors/api-error';
import { BOOLEAN, choice, INTEGER, LIST, required, withDefault } from './settings/kinds';
import { range, seconds } from './settings/rules';
import type { Rule, SettingsOnWire, ValuesOf } from './settings/setting';
import { Severity } from './severity';

/** What the gate does with an image that has no scan result. */
export const UnscannedPolicy = { SERVE: 'SERVE', WAIT: 'WAIT', REFUSE: 'REFUSE' } as const;
export type UnscannedPolicy = (typeof UnscannedPolicy)[keyof typeof UnscannedPolicy];

/**
 * Maximum wait in seconds. An edge allows two minutes for a pull, and the response needs some of
 * them.
 */
const MAX_WAIT_SECONDS = 100;
const MAX_ALLOWED = 1000;
const MAX_NAME = 255;

/** The order of the list has no meaning, so the list is stored sorted and without duplicates. */
const VULNERABILITY_NAMES: Rule<readonly string[]> = {
  text: `At most ${MAX_ALLOWED} names of 1 to ${MAX_NAME} characters.`,
  check(value, field) {
    const names = [...new Set(value)].sort();
    if (names.length > MAX_ALLOWED) throw badInput(field, `must have at most ${MAX_ALLOWED} names`);
    if (names.some((name) => name === '' || name.length > MAX_NAME || !isStorable(name)))
      throw badInput(field, `must only contain names of 1 to ${MAX_NAME} characters`);
    return names;
  },
};

/** The settings of a scan policy. */
export const SCAN_POLICY_SETTINGS = {
  blockFrom: required(choice(Severity), {
    description: 'Vulnerabilities of this severity and above block an image.',
    column: 'block_from',
  }),
  onlyFixable: withDefault(BOOLEAN, {
    description: 'If true, only vulnerabilities with a known fix block an image.',
    default: false,
    column: 'only_fixable',
  }),
  graceSeconds: withDefault(INTEGER, {
    description: 'A vulnerability does not block images for this many seconds after Layover first saw it in any image.',
    default: 0,
    rule: seconds(0),
    column: 'grace_seconds',
  }),
  unscanned: withDefault(choice(UnscannedPolicy), {
    description: 'What happens to a pull of an image whose scan has not finished.',
    default: UnscannedPolicy.SERVE,
    column: 'unscanned',
    wire: 'unscanned',
  }),
  waitSeconds: withDefault(INTEGER, {
    description:
      'How many seconds a pull waits for a scan if unscanned is WAIT. Clients give up after 30 seconds without an ' +
      'answer, so a pull waits for at most 25 seconds even if more is set.',
    default: 20,
    rule: range(1, MAX_WAIT_SECONDS, 'seconds'),
    column: 'wait_seconds',
    wire: 'waitMs',
    send: (value) => value * 1000,
  }),
  allowedVulnerabilities: withDefault(LIST, {
    description: 'Names of vulnerabilities that never block an image, spelled as in Scan.vulnerabilities.',
    default: [],
    rule: VULNERABILITY_NAMES,
    column: 'allowed_vulnerabilities',
  }),
} satisfies SettingsOnWire<ScanPolicyMessage>;

/** The images that an organization does not serve. */
export type ScanPolicy = ValuesOf<typeof SCAN_POLICY_SETTINGS>;
