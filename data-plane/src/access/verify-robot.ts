import { createHash, timingSafeEqual } from 'node:crypto';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';

/** A robot account whose secret was verified, or that a valid token names. */
export interface RobotAccount {
  readonly organization: OrganizationConfiguration;
  /** The name without the organization. */
  readonly name: string;
  /**
   * Changes whenever the secret changes, and reveals nothing about the secret. Every token contains
   * it, so that a new secret invalidates the tokens of the old one immediately and not after five
   * minutes.
   */
  readonly secretVersion: string;
}

/**
 * Returns the robot for a user name of the form `<organization>+<robot>`; undefined if there is no
 * such robot.
 */
export function findRobot(snapshot: ConfigurationSnapshot, username: string): RobotAccount | undefined {
  const plus = username.indexOf('+');
  if (plus < 0) return undefined;
  const organization = snapshot.organizationsByName.get(username.slice(0, plus));
  const name = username.slice(plus + 1);
  const robot = organization?.robots.get(name);
  if (organization === undefined || robot === undefined) return undefined;
  const secretVersion = createHash('sha256').update(robot.secretSha256).digest('hex').slice(0, 12);
  return { organization, name, secretVersion };
}

/**
 * Returns the robot if the secret is correct; undefined for a wrong secret and for an unknown
 * robot. Both cases do the same work, so that neither the time nor the answer reveals which robots
 * exist (docs/design/access.md#robot-accounts).
 */
export function verifyRobot(
  snapshot: ConfigurationSnapshot,
  username: string,
  secret: string,
): RobotAccount | undefined {
  const account = findRobot(snapshot, username);
  const given = createHash('sha256').update(secret).digest();
  const expected = account?.organization.robots.get(account.name)?.secretSha256;
  const usable = expected !== undefined && expected.length === given.length;
  const equal = timingSafeEqual(given, usable ? expected : Buffer.alloc(given.length));
  return usable && equal ? account : undefined;
}
