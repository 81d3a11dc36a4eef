import type { App } from '../../../common/runtime/lifecycle';
import { createControlPlane } from '../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../control-plane/src/config';
import { createDataPlane } from '../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import type { FromPlane, ToPlane } from './plane-messages';
import { TestClock } from '../test-clock';

/**
 * The program of a process that becomes a control plane or a data plane with the clock of the test,
 * so that a test can kill it. It loads all sources first: a test keeps a loaded process ready, and
 * a restart only takes the start of the plane itself.
 */
let clock: TestClock | undefined;
let app: App | undefined;

const answer = (message: FromPlane): void => void process.send?.(message);

process.on('message', (message: ToPlane) => {
  switch (message.kind) {
    case 'start':
      clock = TestClock.stepping(message.now);
      app =
        message.plane === 'control'
          ? createControlPlane(readControlPlaneConfig(message.environment), { clock, announce: () => undefined })
          : createDataPlane(readDataPlaneConfig(message.environment), { clock });
      app.start().then(
        ({ address }) => answer({ kind: 'ready', address }),
        (error: unknown) => answer({ kind: 'failed', reason: String((error as Error).stack ?? error) }),
      );
      return;
    case 'time':
      if (clock !== undefined) clock.advance(Math.max(0, message.now - clock.now()));
      return answer({ kind: 'time' });
    case 'stop':
      void (app?.stop() ?? Promise.resolve()).finally(() => process.exit(0));
  }
});
process.on('disconnect', () => process.exit(0));
