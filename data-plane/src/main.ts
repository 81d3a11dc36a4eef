import { describePlane, runApp } from '../../common/runtime/lifecycle';
import { systemClock } from '../../common/runtime/clock';
import { siblingsOfThisProcess } from '../../common/runtime/siblings';
import { createDataPlane } from './app';
import { configFromEnvironment } from './config';

const program = describePlane(
  'npm run start:data-plane',
  'data-plane/src/main.js',
  'Starts a data plane, which stores blobs and manifests and fetches missing ones from the upstream.',
);

void runApp(program, () => createDataPlane(configFromEnvironment(), { siblings: siblingsOfThisProcess(systemClock) }));
