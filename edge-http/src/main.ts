import { runApp } from '../../common/runtime/lifecycle';
import { createEdge } from './app';
import { configFromEnvironment } from './config';

void runApp(() => createEdge(configFromEnvironment()));
