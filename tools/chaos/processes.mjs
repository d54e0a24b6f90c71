// The processes of the application, and requests to them.
import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';

const TIMEOUT = 8000;
const START = 120_000;
const program = new URL('application.mjs', import.meta.url);

export class ApplicationProcess {
  constructor(settings) {
    this.settings = settings;
    this.agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  async start() {
    this.child = fork(program, [JSON.stringify(this.settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let errors = '';
    this.child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-2000)));
    const { child } = this;
    this.port = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The application did not start. ${errors}`)), START);
      child.once('message', ({ port }) => (clearTimeout(timer), resolve(port)));
      child.once(
        'exit',
        (code) => (clearTimeout(timer), reject(new Error(`The application ended: ${code} ${errors}`))),
      );
    });
  }

  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await gone;
    this.agent.destroy();
    this.agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  /** @returns the status (`undefined` without an answer), the body and the cookies. */
  ask(method, path, cookie) {
    return new Promise((resolve) => {
      const nothing = () => resolve({ status: undefined, cookies: [] });
      const headers = cookie ? { cookie } : {};
      const asked = request(
        { host: '127.0.0.1', port: this.port, method, path, headers, agent: this.agent, timeout: TIMEOUT },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          response.on('error', nothing).on('end', () => {
            resolve({
              status: response.statusCode,
              body: parsed(text),
              cookies: response.headers['set-cookie'] ?? [],
            });
          });
        },
      );
      asked
        .on('error', nothing)
        .on('timeout', () => asked.destroy())
        .end();
    });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
