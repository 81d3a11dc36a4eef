import type { Organization as OrganizationMessage } from '../../../../proto/gen/layover/v1/Organization';
import { Visibility } from './enums';
import type { DesiredProxyCache, ProxyCache } from './proxy-cache';
import type { Quota } from './quota';
import type { ScanPolicy } from './scan-policy';
import { choice, INTEGER, TEXT, withDefault } from './settings/kinds';
import { seconds, shortText } from './settings/rules';
import type { SettingsOnWire, ValuesOf } from './settings/setting';

/** The settings of the organization itself. */
export const ORGANIZATION_SETTINGS = {
  description: withDefault(TEXT, {
    description: 'Free text for the people who manage the organization.',
    default: '',
    rule: shortText(1024),
    column: 'description',
  }),
  visibility: withDefault(choice(Visibility), {
    description: 'Who may pull from the organization.',
    default: Visibility.PUBLIC,
    column: 'visibility',
    wire: 'visibility',
  }),
  timeMachineSeconds: withDefault(INTEGER, {
    description: 'How many seconds an expired, moved or deleted tag can be restored.',
    default: 1_209_600,
    rule: seconds(0),
    column: 'time_machine_seconds',
  }),
} satisfies SettingsOnWire<OrganizationMessage>;

/** The user's settings of an organization. */
export interface OrganizationSettings extends ValuesOf<typeof ORGANIZATION_SETTINGS> {
  readonly proxyCache: ProxyCache | undefined;
  readonly quota: Quota | undefined;
  /** undefined: every image is served. */
  readonly scanPolicy: ScanPolicy | undefined;
}

/** An organization with all its parts. Times are milliseconds since the epoch. */
export interface Organization extends OrganizationSettings {
  /** Never reused. */
  readonly uid: string;
  readonly name: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Validated settings as requested by a user. */
export interface DesiredSettings extends Omit<OrganizationSettings, 'proxyCache'> {
  readonly proxyCache: DesiredProxyCache | undefined;
}

/** Validated changes. undefined keeps the value, null removes the group. */
export interface DesiredPatch extends Partial<ValuesOf<typeof ORGANIZATION_SETTINGS>> {
  readonly proxyCache?: DesiredProxyCache | null;
  readonly quota?: Quota | null;
  readonly scanPolicy?: ScanPolicy | null;
}
