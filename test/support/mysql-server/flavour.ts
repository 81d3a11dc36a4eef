/** A kind of server that speaks the MySQL protocol: how to install and start a temporary one. */
export interface Flavour {
  /** Name of its project in jest.config.js. */
  readonly project: 'mariadb' | 'mysql8';
  /** Name for test titles. */
  readonly title: string;
  /** Programs that are needed, the server first; see `findProgram`. */
  readonly programs: readonly [string, ...string[]];
  /**
   * Creates the data folder, which must not exist, with a user root@127.0.0.1 without a password.
   * Throws an Error with the output of the program.
   */
  install(data: string): void;
  /**
   * Returns the command that starts the server on a data folder, without the arguments that all
   * servers have in common.
   */
  command(data: string): readonly [string, ...string[]];
}
