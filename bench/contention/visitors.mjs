// Visitors who send one request after the other: node visitors.mjs PORT; answers `signIn` and `load`.
import { Agent, request } from 'node:http';
import { answer } from '../lib/answer.mjs';

const port = Number(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** @returns the cookies of new sessions. */
async function signIn({ count }) {
  const cookies = [];
  for (let left = count; left > 0; left--) {
    const { cookie } = await send('POST', undefined);
    cookies.push(cookie);
  }
  return cookies;
}

/**
 * One visitor per cookie changes its session repeatedly, with an optional pause after each answer. @returns the
 * milliseconds of each request, and the number of failed answers.
 */
async function load({ cookies, milliseconds, pause = 0 }) {
  const until = performance.now() + milliseconds;
  const times = [];
  let failed = 0;
  const visit = async (cookie) => {
    for (let turn = 0; performance.now() < until; turn++) {
      const before = performance.now();
      const { status } = await send(pause > 0 && turn % 2 === 0 ? 'GET' : 'POST', cookie);
      times.push(performance.now() - before);
      if (status >= 300) failed++;
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  await Promise.all(cookies.map(visit));
  return { times: pause > 0 ? times : [], requests: times.length, failed };
}

function send(method, cookie) {
  return new Promise((resolve) => {
    const headers = cookie === undefined ? {} : { cookie };
    const sent = request({ host: '127.0.0.1', port, method, agent, headers }, (response) => {
      const [line] = response.headers['set-cookie'] ?? [];
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, cookie: line?.split(';')[0] }));
    });
    sent.on('error', () => resolve({ status: 999 }));
    sent.end();
  });
}

answer({ signIn, load });
