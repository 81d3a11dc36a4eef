import { createHash, timingSafeEqual } from 'node:crypto';
import type {
  ConfigurationSnapshot,
  OrganizationConfiguration,
  RobotConfiguration,
} from '../configuration/configuration';

/** A robot of the configuration, whether or not anybody has logged in as it. */
export interface FoundRobot {
  readonly organization: OrganizationConfiguration;
  /** The name without the organization. */
  readonly name: string;
  readonly settings: RobotConfiguration;
}

/** A robot account whose secret was verified, or that a valid token names. */
export interface RobotAccount extends Omit<FoundRobot, 'settings'> {
  /** Uids of the further organizations that the robot may pull from. */
  readonly grantedUids: ReadonlySet<string>;
  /**
   * Changes whenever the secret changes, and reveals nothing about the secret. Every token contains
   * it, so that the end of a secret invalidates its tokens immediately and not after five minutes.
   */
  readonly secretVersion: string;
  /**
   * When this login ends: when the robot expires, or its secret ends. In milliseconds since the
   * epoch; Infinity = never.
   */
  readonly endsAt: number;
}

/** Why a login with a correct secret is refused. */
export type EndedLogin = 'ROBOT_EXPIRED' | 'PREVIOUS_SECRET_ENDED';

/** The result of a login: the account, or why there is none. */
export type LoginResult =
  | { readonly robot: RobotAccount }
  | {
      readonly robot: undefined;
      /** Undefined for a wrong secret and for an unknown robot. */
      readonly ended: EndedLogin | undefined;
    };

/**
 * Returns the robot for a user name of the form `<organization>+<robot>`; undefined if there is no
 * such robot.
 */
export function findRobot(snapshot: ConfigurationSnapshot, username: string): FoundRobot | undefined {
  const plus = username.indexOf('+');
  if (plus < 0) return undefined;
  const organization = snapshot.organizationsByName.get(username.slice(0, plus));
  const name = username.slice(plus + 1);
  const settings = organization?.robots.get(name);
  return organization === undefined || settings === undefined ? undefined : { organization, name, settings };
}

/**
 * Returns the robot if the secret is correct and neither the robot nor the secret has ended at the
 * time `now`. A wrong secret and an unknown robot do the same work, so that neither the time nor
 * the answer reveals which robots exist (docs/design/access.md#robot-accounts).
 */
export function verifyRobot(
  snapshot: ConfigurationSnapshot,
  username: string,
  secret: string,
  now: number,
): LoginResult {
  const found = findRobot(snapshot, username);
  const given = createHash('sha256').update(secret).digest();
  const isCurrent = isEqual(given, found?.settings.secretSha256);
  const isPrevious = isEqual(given, found?.settings.previousSecret?.sha256);
  if (found === undefined || !(isCurrent || isPrevious)) return { robot: undefined, ended: undefined };
  return toLogin(found, isCurrent ? 'current' : 'previous', now);
}

/**
 * Returns the robot that a token names, if neither the robot nor the secret that the token was
 * issued for has ended at the time `now`; otherwise undefined.
 */
export function robotOfToken(
  snapshot: ConfigurationSnapshot,
  { subject, secretVersion }: { readonly subject: string; readonly secretVersion: string },
  now: number,
): RobotAccount | undefined {
  const found = findRobot(snapshot, subject);
  if (found === undefined) return undefined;
  const { secretSha256, previousSecret } = found.settings;
  if (secretVersion === versionOf(secretSha256)) return toLogin(found, 'current', now).robot;
  if (previousSecret === undefined || secretVersion !== versionOf(previousSecret.sha256)) return undefined;
  return toLogin(found, 'previous', now).robot;
}

/** Returns whether a robot may pull from a private organization. */
export function mayPullFrom(robot: RobotAccount | undefined, organizationUid: string): boolean {
  if (robot === undefined) return false;
  return robot.organization.uid === organizationUid || robot.grantedUids.has(organizationUid);
}

function toLogin({ organization, name, settings }: FoundRobot, used: 'current' | 'previous', now: number): LoginResult {
  const { secretSha256, previousSecret, expiresAt, grantedUids } = settings;
  if (now >= expiresAt) return { robot: undefined, ended: 'ROBOT_EXPIRED' };
  const secret = used === 'previous' ? previousSecret! : { sha256: secretSha256, endsAt: Infinity };
  if (now >= secret.endsAt) return { robot: undefined, ended: 'PREVIOUS_SECRET_ENDED' };
  const endsAt = Math.min(expiresAt, secret.endsAt);
  return { robot: { organization, name, grantedUids, secretVersion: versionOf(secret.sha256), endsAt } };
}

function versionOf(secretSha256: Buffer): string {
  return createHash('sha256').update(secretSha256).digest('hex').slice(0, 12);
}

/** Compares in the same time whether or not there is something to compare with. */
function isEqual(given: Buffer, expected: Buffer | undefined): boolean {
  const isUsable = expected?.length === given.length;
  const isSame = timingSafeEqual(given, isUsable ? expected! : Buffer.alloc(given.length));
  return isUsable && isSame;
}
