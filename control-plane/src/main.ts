import { runApp } from '../../common/runtime/lifecycle';
import { createControlPlane } from './app';
import { configFromEnvironment } from './config';

void runApp(() => createControlPlane(configFromEnvironment()));
