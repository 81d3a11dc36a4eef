import { caseId } from '../cases/case-id';
import { type ChaosCase, REQUEST_KINDS, type RequestKind, type Temperature, TEMPERATURES } from '../cases/chaos-case';
import { makeSubject } from '../cases/subject';
import { PLACES, type Place } from '../world/place';
import type { World } from '../world/world';
import { ask } from './ask';
import { prepare } from './prepare';

/** How long a request without a fault may take, in milliseconds. */
const LIMIT_MS = 20_000;

/** How many bytes the answer to a request has at a place; 0 if the request does not reach it. */
export type Calibration = (place: Place, request: RequestKind, temperature: Temperature) => number;

/**
 * Makes every request once without a fault, and counts the bytes of the answers at each place, with
 * what Layover does after the request, such as the delivery of records. Throws an Error if an
 * answer is wrong.
 */
export async function calibrate(world: World): Promise<Calibration> {
  const counted = new Map<string, number>();
  const [anyPlace] = [...world.relays.keys()];
  for (const request of REQUEST_KINDS)
    for (const temperature of TEMPERATURES) {
      const name = `calibration/${request}/${temperature}`;
      const one: ChaosCase = { place: anyPlace!, request, temperature, fault: 'delay', moment: 'before', name };
      const subject = makeSubject(world, one);
      await prepare(world, subject, caseId(one));
      for (const relay of world.relays.values()) relay.mark();
      const sight = await ask(world, subject.question, caseId(one), LIMIT_MS);
      if (sight.kind !== 'right')
        throw new Error(`${world.kind}: ${request} (${temperature}) without a fault: ${sight.status} ${sight.detail}`);
      await world.settled();
      for (const [place, relay] of world.relays) counted.set(`${place} ${request} ${temperature}`, relay.answered);
      subject.forget();
    }
  return (place, request, temperature) => {
    if (!world.relays.has(place)) throw new Error(`${place} (${PLACES[place].between}) is not in ${world.kind}`);
    return counted.get(`${place} ${request} ${temperature}`)!;
  };
}
