const childProcess = require('node:child_process');
const net = require('node:net');
const timersPromises = require('node:timers/promises');
const { TestEnvironment: NodeEnvironment } = require('jest-environment-node');

/** Longest real time, in milliseconds, that a unit test may wait for a timer. Deadlines that never expire may be longer. */
const MAX_TIMER_MS = 100;

const SERVERS = 'Unit tests start no servers and open no connections: move the suite to test/integration.';
const PROCESSES = 'Unit tests start no processes: move the suite to test/integration.';
const TIMERS = `Unit tests do not wait longer than ${MAX_TIMER_MS} ms: use TestClock (test/support/test-clock.ts).`;

/**
 * The jest environment of test/unit. It keeps the tier what it is: whatever listens, connects, starts a process or waits
 * for a long real timer throws an Error that says where the suite belongs.
 *
 * It is an environment and not a setup file because Node's own modules are shared by all suites of a worker: `teardown`
 * also restores them after a suite that could not be loaded.
 */
module.exports = class UnitEnvironment extends NodeEnvironment {
  #restore = [];

  /** Jest's own timers (the time limit of a test) are taken before `setup`, so that they are not affected. */
  handleTestEvent(event) {
    if (event.name === 'setup') this.#forbid();
  }

  async teardown() {
    for (const restore of this.#restore.splice(0)) restore();
    await super.teardown();
  }

  #forbid() {
    this.#replace(net.Server.prototype, 'listen', () => refuse(SERVERS));
    this.#replace(net.Socket.prototype, 'connect', () => refuse(SERVERS));
    for (const name of ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync'])
      this.#replace(childProcess, name, () => refuse(PROCESSES));
    this.#replace(this.global, 'setTimeout', limitTimers);
    this.#replace(timersPromises, 'setTimeout', (original) => (delay, ...rest) => {
      if (delay > MAX_TIMER_MS) throw new Error(TIMERS);
      return original(delay, ...rest);
    });
  }

  #replace(object, name, replacementOf) {
    const original = object[name];
    object[name] = replacementOf(original);
    this.#restore.push(() => (object[name] = original));
  }
};

function refuse(message) {
  return () => {
    throw new Error(message);
  };
}

/** A deadline may be set, as long as it never expires: the Error is thrown when a long timer fires. */
function limitTimers(original) {
  const limited = (callback, delay, ...rest) =>
    original(
      delay > MAX_TIMER_MS
        ? () => {
            throw new Error(TIMERS);
          }
        : callback,
      delay,
      ...rest,
    );
  return Object.assign(limited, { [require('node:util').promisify.custom]: timersPromises.setTimeout });
}
