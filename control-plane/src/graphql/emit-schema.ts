import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { printGraphqlSchema } from './print-schema';
import { buildGraphqlSchema } from './schema';

// Run by npm run generate:schema.
writeFileSync(join(packageRoot(), 'schema', 'schema.graphql'), printGraphqlSchema(buildGraphqlSchema()));
