const childProcess = require('node:child_process');
const net = require('node:net');
const timersPromises = require('node:timers/promises');
const { promisify } = require('node:util');
const { TestEnvironment: NodeEnvironment } = require('jest-environment-node');

/**
 * Longest real time, in milliseconds, that a unit test may wait for a timer. Deadlines that never
 * expire may be longer.
 */
const MAX_TIMER_MS = 100;

const SERVERS = 'Unit tests start no servers and open no connections: move the suite to test/integration.';
const PROCESSES = 'Unit tests start no processes: move the suite to test/integration.';
const TIMERS = `Unit tests do not wait longer than ${MAX_TIMER_MS} ms: use TestClock (test/support/test-clock.ts).`;

/**
 * The Jest environment of test/unit. It fails a test that listens, connects, starts a process or
 * waits for a long real timer, with an Error that says where the suite belongs.
 *
 * It is an environment and not a setup file because all suites of a worker share the modules of
 * Node.js: `teardown` also restores them after a suite that could not be loaded.
 */
module.exports = class UnitEnvironment extends NodeEnvironment {
  #restore = [];
  #violations = [];

  /**
   * Jest gets its own timers (the time limit of a test) before `setup`, so they are not affected.
   */
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
   * A long timer is a violation only when it fires, so that code may set deadlines that never
   * expire. Timers that do not keep the process alive (all timers of systemClock) are background
   * work that no test waits for, and are not limited.
   */
  #limited(original, callback, delay, ...rest) {
    if (!(delay > MAX_TIMER_MS)) return original(callback, delay, ...rest);
    // The Error is created here, so that its stack shows the caller that set the timer.
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
