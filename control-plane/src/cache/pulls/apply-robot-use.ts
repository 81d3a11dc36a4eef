import type { Queries } from '../../db/database';
import type { RobotStore } from '../../tenancy/robots/robot.store';
import type { TimedPull } from './apply-pulls';

/**
 * Resolution of the last use of a robot, in milliseconds. A robot that pulls all day costs one
 * write a minute.
 */
const RESOLUTION_MS = 60_000;

/**
 * The actor that data planes report: `robot:<organization>+<name>`, no matter which organization is
 * pulled from.
 */
const ROBOT_ACTOR = /^robot:([^+]+)\+(.+)$/;

/**
 * Records when robots were last used. Ignores pulls from before the robot was created, because they
 * belong to an earlier robot with the same name.
 */
export async function applyRobotUse(queries: Queries, robots: RobotStore, pulls: readonly TimedPull[]): Promise<void> {
  const used = new Map<string, number>();
  const organizations = new Set<string>();
  const names = new Set<string>();
  for (const { at, event } of pulls) {
    const match = ROBOT_ACTOR.exec(event.actor);
    if (match === null) continue;
    organizations.add(match[1]!);
    names.add(match[2]!);
    used.set(event.actor, Math.max(at, used.get(event.actor) ?? 0));
  }
  if (used.size === 0) return;
  for (const robot of await robots.findMany(queries, [...organizations], [...names])) {
    const at = used.get(`robot:${robot.organization}+${robot.name}`) ?? 0;
    if (at >= robot.created_at && at >= (robot.last_used_at ?? 0) + RESOLUTION_MS)
      await robots.used(queries, robot, at);
  }
}
