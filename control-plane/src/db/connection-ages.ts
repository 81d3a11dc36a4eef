/**
 * Which connections of a pool may still be used. After a failover, the pool holds connections to
 * the old server, which is read-only. The first statement that the old server refuses shows it for
 * every connection that exists then.
 */
export class ConnectionAges {
  private readonly ages = new WeakMap<object, number>();
  private made = 0;
  private givenUp = 0;

  /** Counts a new connection as younger than all others. */
  add(connection: object): void {
    this.made += 1;
    this.ages.set(connection, this.made);
  }

  /**
   * Gives up `connection` and all others that exist. Statements that run on them end normally. Does
   * nothing if it was given up before: those that were made since then may lead to the new server.
   */
  giveUp(connection: object): void {
    if (this.isUsable(connection)) this.givenUp = this.made;
  }

  /** Returns false if the connection was given up. */
  isUsable(connection: object): boolean {
    return (this.ages.get(connection) ?? 0) > this.givenUp;
  }
}
