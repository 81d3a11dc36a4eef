import { runApp } from '../../common/runtime/lifecycle';
import { createDataPlane } from './app';
import { configFromEnvironment } from './config';

void runApp(() => createDataPlane(configFromEnvironment()));
