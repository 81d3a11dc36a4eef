import type { Robot as RobotMessage } from '../../../../proto/gen/layover/v1/Robot';
import type { RobotGrantRow, RobotRow } from '../../../../schema/tables';

/** Returns the messages of robots by the uid of their organization. */
export function toRobotMessages(
  robots: readonly RobotRow[],
  grants: readonly RobotGrantRow[],
): ReadonlyMap<string, RobotMessage[]> {
  const grantedTo = new Map<string, string[]>();
  for (const { organization_uid: uid, robot_name: name, granted_uid: granted } of grants)
    listOf(grantedTo, `${uid}+${name}`).push(granted);
  const messages = new Map<string, RobotMessage[]>();
  for (const robot of robots) {
    const { organization_uid: uid, name } = robot;
    listOf(messages, uid).push(toRobotMessage(robot, grantedTo.get(`${uid}+${name}`) ?? []));
  }
  return messages;
}

function toRobotMessage(row: RobotRow, grantedUids: string[]): Required<RobotMessage> {
  const isKept = row.previous_secret_sha256 !== null && row.previous_secret_ends_at !== null;
  return {
    name: row.name,
    secretSha256: toBytes(row.secret_sha256),
    grantedUids,
    expiresAt: row.expires_at ?? 0,
    previousSecretSha256: isKept ? toBytes(row.previous_secret_sha256!) : new Uint8Array(),
    previousSecretEndsAt: isKept ? row.previous_secret_ends_at! : 0,
  };
}

/**
 * Returns the bytes of hexadecimal text as a copy, because the message stays in memory: a small
 * Buffer shares the pool of Node and would keep 8 KiB of it alive.
 */
function toBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: T[] = [];
  lists.set(key, list);
  return list;
}
