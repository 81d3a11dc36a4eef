import { MARIADB } from './mariadb';
import { startSharedServer } from './shared-server';

/**
 * Global setup of the Jest project `mariadb`. Jest does not tell a setup its project, so each has a
 * file.
 */
export default (): Promise<void> => startSharedServer(MARIADB);
