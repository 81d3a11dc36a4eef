import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../runtime/package-root';
import { printConfiguration } from './print-configuration';
import { SETTING_GROUPS } from './settings';

// npm run generate:configuration
writeFileSync(join(packageRoot(), 'docs', 'configuration.md'), printConfiguration(SETTING_GROUPS));
