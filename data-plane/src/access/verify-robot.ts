import { createHash, timingSafeEqual } from 'node:crypto';
import type { ConfigurationSnapshot, OrganizationConfiguration } from '../configuration/configuration';

/** A robot account that has proven its secret, or whose token names it. */
export interface RobotAccount {
  readonly organization: OrganizationConfiguration;
  /** Without the organization's name. */
  readonly name: string;
  /**
   * Changes when the secret does, and tells nothing of it. Part of every token, so that a new secret ends the old
   * one's tokens at once instead of after their five minutes.
   */
  readonly secretVersion: string;
}

/** `<organization>+<robot>`, as a client logs in; undefined for any other user name. */
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
 * The robot whose secret this is; undefined for a wrong one and for an unknown robot, after the
 * same work: neither the time taken nor the answer tells which robots exist
 * (docs/design/access.md#robot-accounts).
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
