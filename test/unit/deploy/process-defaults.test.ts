import { PROCESS_DEFAULTS } from '../../../standalone/src/process-defaults';
import { read } from '../../support/deployments';

test('planes in a container have the same process defaults as planes of npm start', () => {
  const image = read('Dockerfile')
    .split(/^FROM /m)
    .at(-1)!;
  const environment = new Map(
    [...image.matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value] as const),
  );
  for (const [name, value] of Object.entries(PROCESS_DEFAULTS))
    expect([name, environment.get(name)]).toEqual([name, value]);
});
