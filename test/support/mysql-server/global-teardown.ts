import { stopSharedServers } from './shared-server';

/** Global teardown of the Jest projects `mariadb` and `mysql8`: Jest calls it once for both. */
export default (): Promise<void> => stopSharedServers();
