import { MYSQL8 } from './mysql8';
import { startSharedServer } from './shared-server';

/**
 * Global setup of the Jest project `mysql8`. Jest does not tell a setup its project, so each has a
 * file.
 */
export default (): Promise<void> => startSharedServer(MYSQL8);
