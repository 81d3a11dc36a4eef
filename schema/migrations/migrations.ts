// Written by npm run generate:migrations from the files in this folder. Don't edit.
import * as migration0001 from './0001-organizations';
import * as migration0002 from './0002-access';
import * as migration0003 from './0003-content';
import * as migration0004 from './0004-records';
import * as migration0005 from './0005-system';
import * as migration0006 from './0006-holdings';
import * as migration0007 from './0007-scans';
import * as migration0008 from './0008-text-is-bytes';
import * as migration0009 from './0009-configuration-changes';
import * as migration0010 from './0010-trusted-realms';
import * as migration0011 from './0011-reservations';
import * as migration0012 from './0012-proofs';
import * as migration0013 from './0013-direct-ranges';
import * as migration0014 from './0014-robot-rights';
import * as migration0015 from './0015-unused-index';

/** Every migration, oldest first. A released one is never changed or renamed. */
export const MIGRATIONS = [
  { name: '0001-organizations', ...migration0001 },
  { name: '0002-access', ...migration0002 },
  { name: '0003-content', ...migration0003 },
  { name: '0004-records', ...migration0004 },
  { name: '0005-system', ...migration0005 },
  { name: '0006-holdings', ...migration0006 },
  { name: '0007-scans', ...migration0007 },
  { name: '0008-text-is-bytes', ...migration0008 },
  { name: '0009-configuration-changes', ...migration0009 },
  { name: '0010-trusted-realms', ...migration0010 },
  { name: '0011-reservations', ...migration0011 },
  { name: '0012-proofs', ...migration0012 },
  { name: '0013-direct-ranges', ...migration0013 },
  { name: '0014-robot-rights', ...migration0014 },
  { name: '0015-unused-index', ...migration0015 },
] as const;
