import { spawn } from 'node:child_process';
import { onServerCore } from './machine.mjs';

/**
 * A child process, by default on the server's core, that answers messages `{ ask, … }` with `{ answer }` or `{ error
 * }`, one at a time; see lib/answer.mjs.
 */
export class Child {
  #process;
  #waiting;

  constructor(file, args, { flags = [], env = {}, core = onServerCore } = {}) {
    const [command, all] = core(process.execPath, [...flags, file, ...args]);
    this.#process = spawn(command, all, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    this.#process.on('message', ({ answer, error }) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
    this.#process.on('exit', (code, signal) => {
      this.#waiting?.reject(new Error(`${args.join(' ')} ended with ${signal ?? code}.`));
      this.#waiting = undefined;
    });
  }

  ask(question, parameters = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#process.send({ ask: question, ...parameters }, (error) => error && reject(error));
    });
  }

  /** Sends one message and then ends the process. */
  async askOnce(question) {
    try {
      return await this.ask(question);
    } finally {
      await this.stop();
    }
  }

  /** Ends the process, by force after a second. */
  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    const force = setTimeout(() => this.#process.kill('SIGKILL'), 1000);
    this.#process.kill('SIGTERM');
    await ended;
    clearTimeout(force);
  }
}
