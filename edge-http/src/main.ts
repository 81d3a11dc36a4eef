import { describePlane, runApp } from '../../common/runtime/lifecycle';
import { systemClock } from '../../common/runtime/clock';
import { siblingsOfThisProcess } from '../../common/runtime/siblings';
import { createEdge } from './app';
import { configFromEnvironment } from './config';

const program = describePlane(
  'npm run start:edge',
  'edge-http/src/main.js',
  'Starts an edge: serves the OCI distribution API over HTTP and asks data planes over gRPC.',
);

void runApp(program, () => createEdge(configFromEnvironment(), { siblings: siblingsOfThisProcess(systemClock) }));
