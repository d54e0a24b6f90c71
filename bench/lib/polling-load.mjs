// The load of `--load polling`: answers { ask: 'load', url, cookies, connections, seconds }; see lib/child.mjs.
import { connect } from 'node:net';
import { answer } from './answer.mjs';

/**
 * It never sleeps. The server must wake a client that waits in the kernel, at the cost of the server's process: on a
 * virtual machine with two cores, this costs more than the response itself, and more for slow servers, so it would
 * distort the comparison.
 */
function neverSleep(until) {
  const turn = () => {
    if (performance.now() < until) setImmediate(turn);
  };
  turn();
}

/** One keep-alive connection with one pending request. */
class Connection {
  #socket;
  #requests;
  #next = 0;
  #received = '';
  #done;
  answered = 0;
  finished;

  /** @param requests the raw requests, sent one after the other. */
  constructor({ hostname, port }, requests, until) {
    this.#requests = requests;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding('latin1');
    this.finished = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#socket.on('error', reject);
      this.#socket.on('close', () => reject(new Error('The server closed a connection.')));
      this.#socket.on('data', (text) => {
        try {
          this.#take(text, until);
        } catch (error) {
          reject(error);
        }
      });
    });
    this.#ask();
  }

  destroy() {
    this.#socket.removeAllListeners('close').destroy();
  }

  #ask() {
    this.#socket.write(this.#requests[this.#next], 'latin1');
    this.#next = (this.#next + 1) % this.#requests.length;
  }

  #take(text, until) {
    this.#received = this.#received === '' ? text : this.#received + text;
    const length = lengthOfAnswer(this.#received);
    if (length === undefined || this.#received.length < length) return;
    if (this.#received[9] !== '2') throw new Error(`answered ${this.#received.slice(9, 12)}`);
    this.#received = this.#received.slice(length);
    this.answered++;
    if (performance.now() < until) this.#ask();
    else this.#done();
  }
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** Length of head and body; `undefined` until the head is complete. Requires Content-Length. */
function lengthOfAnswer(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = LENGTH.exec(text)?.[1];
  if (length === undefined) throw new Error('answered without a length');
  return end + 4 + Number(length);
}

answer({
  /** @returns the number of answered requests. @throws {Error} if a status is not 2xx. */
  async load({ url, cookies, connections, seconds }) {
    const target = new URL(url);
    const requests = cookies.map(
      (cookie) =>
        `GET ${target.pathname} HTTP/1.1\r\nHost: ${target.host}\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`,
    );
    const until = performance.now() + seconds * 1000;
    neverSleep(until);
    // Each connection has its own sessions, so that parallel requests never share one.
    const requestsOf = (own) => requests.filter((_, index) => index % connections === own % requests.length);
    const all = Array.from({ length: connections }, (_, own) => new Connection(target, requestsOf(own), until));
    try {
      await Promise.all(all.map(({ finished }) => finished));
    } catch (error) {
      throw new Error(`${url}: ${error.message}`, { cause: error });
    } finally {
      for (const connection of all) connection.destroy();
    }
    return all.reduce((sum, { answered }) => sum + answered, 0);
  },
});
