const childProcess = require('node:child_process');
const net = require('node:net');
const timersPromises = require('node:timers/promises');
const { promisify } = require('node:util');
const { TestEnvironment: NodeEnvironment } = require('jest-environment-node');

/** Longest real time, in milliseconds, that a unit test may wait for a timer. Deadlines that never expire may be longer. */
const MAX_TIMER_MS = 100;

const SERVERS = 'Unit tests start no servers and open no connections: move the suite to test/integration.';
const PROCESSES = 'Unit tests start no processes: move the suite to test/integration.';
const TIMERS = `Unit tests do not wait longer than ${MAX_TIMER_MS} ms: use TestClock (test/support/test-clock.ts).`;

/**
 * The jest environment of test/unit. It keeps the tier what it is: whatever listens, connects, starts a process or waits
 * for a long real timer fails the test, with an Error that says where the suite belongs.
 *
 * It is an environment and not a setup file because Node's own modules are shared by all suites of a worker: `teardown`
 * also restores them after a suite that could not be loaded.
 */
module.exports = class UnitEnvironment extends NodeEnvironment {
  #restore = [];
  #violations = [];

  /** Jest takes its own timers (the time limit of a test) before `setup`, so that they are not affected. */
  handleTestEvent(event) {
    if (event.name === 'setup') this.#forbid();
    // A violation fails the test even if the code under test has caught the Error.
    if (event.name === 'test_done') event.test.errors.push(...this.#violations.splice(0));
  }

  async teardown() {
    for (const restore of this.#restore.splice(0)) restore();
    await super.teardown();
  }

  #forbid() {
    const refuse = (message) => () => {
      const error = new Error(message);
      this.#violations.push(error);
      throw error;
    };
    this.#replace(net.Server.prototype, 'listen', () => refuse(SERVERS));
    this.#replace(net.Socket.prototype, 'connect', () => refuse(SERVERS));
    for (const name of ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync'])
      this.#replace(childProcess, name, () => refuse(PROCESSES));
    this.#replace(this.global, 'setTimeout', (original) =>
      Object.assign((...args) => this.#limited(original, ...args), {
        [promisify.custom]: original[promisify.custom],
      }),
    );
    this.#replace(timersPromises, 'setTimeout', (original) => (delay, ...rest) => {
      if (delay > MAX_TIMER_MS) refuse(TIMERS)();
      return original(delay, ...rest);
    });
  }

  /**
   * A long timer is a violation when it fires, so that deadlines may be set that never expire. Timers that do not keep
   * the process alive (all timers of systemClock) are background work that no test waits for, and are left alone.
   */
  #limited(original, callback, delay, ...rest) {
    if (!(delay > MAX_TIMER_MS)) return original(callback, delay, ...rest);
    // Created here, so that its stack says who set the timer.
    const error = new Error(TIMERS);
    const timer = original(
      (...args) => {
        if (timer.hasRef()) this.#violations.push(error);
        callback(...args);
      },
      delay,
      ...rest,
    );
    return timer;
  }

  #replace(object, name, replacementOf) {
    const original = object[name];
    object[name] = replacementOf(original);
    this.#restore.push(() => (object[name] = original));
  }
};
