import { describePlane, runApp } from '../../common/runtime/lifecycle';
import { createControlPlane } from './app';
import { configFromEnvironment } from './config';

const program = describePlane(
  'npm run start:control-plane',
  'control-plane/src/main.js',
  'Starts a control plane, which serves the GraphQL API and the Catalog for data planes.',
);

void runApp(program, () => createControlPlane(configFromEnvironment()));
