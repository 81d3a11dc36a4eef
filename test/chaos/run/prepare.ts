import { waitUntil } from '../../support/real/wait-until';
import type { Subject } from '../cases/subject';
import type { World } from '../world/world';
import { ask } from './ask';

const TRY_MS = 30_000;
/** Preparation follows the fault of another case, whose connections may still be silent. */
const PREPARE_MS = 60_000;

/** Makes the requests before a fault, and waits until the world is at rest. */
export async function prepare(world: World, subject: Subject, ids: string): Promise<void> {
  for (const [i, question] of subject.preparation.entries()) {
    const id = `${ids}-prepare-${i}`;
    await waitUntil(
      `request ${i + 1} before the fault`,
      async () => {
        const sight = await ask(world, question, id, TRY_MS);
        if (sight.kind !== 'right') throw new Error(`${sight.kind} ${sight.status} ${sight.detail}`);
        return true;
      },
      PREPARE_MS,
      250,
    );
  }
  await world.settled();
}
