import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { printCompatibility } from './print-compatibility';
import { printUpstreamRequests } from './print-upstream-requests';

// npm run generate:compatibility
writeFileSync(join(packageRoot(), 'docs', 'compatibility.md'), printCompatibility());
writeFileSync(join(packageRoot(), 'docs', 'upstream-requests.md'), printUpstreamRequests());
