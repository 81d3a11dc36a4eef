/** A make of server that speaks MySQL's protocol: how a throw-away one is installed and started. */
export interface Flavour {
  /** Name of its project in jest.config.js. */
  readonly project: 'mariadb' | 'mysql8';
  /** Name for test titles. */
  readonly title: string;
  /** Programs that it needs, the server first; see `findProgram`. */
  readonly programs: readonly [string, ...string[]];
  /**
   * Makes a data folder, which does not exist yet, with a user root of 127.0.0.1 that has no password. Throws with what
   * the program printed.
   */
  install(data: string): void;
  /** Returns the command that starts the server on a data folder, without what all servers are told alike. */
  command(data: string): readonly [string, ...string[]];
}
