// A proxy between application and server that cuts connections and delays answers.
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export async function startProxy(target) {
  const links = new Set();
  const state = { cut: false, delay: () => 0 };
  const server = createServer((client) => {
    if (state.cut) {
      client.on('error', () => {}).resetAndDestroy();
      return;
    }
    const upstream = connect(target);
    const link = [client, upstream];
    links.add(link);
    const end = () => {
      links.delete(link);
      for (const socket of link) socket.destroy();
    };
    for (const socket of link)
      socket
        .setNoDelay(true)
        .on('error', () => {})
        .on('close', end);
    client.on('data', (chunk) => upstream.write(chunk));
    forwardLater(upstream, client, state);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    /** Resets all connections, and refuses new ones until {@link heal}. */
    cut() {
      state.cut = true;
      for (const link of [...links]) {
        link[0].resetAndDestroy();
        link[1].destroy();
      }
    },
    /** @param delay returns the delay of the next answer, in milliseconds. */
    slow(delay) {
      state.delay = delay;
    },
    heal() {
      state.cut = false;
      state.delay = () => 0;
    },
    close() {
      for (const link of [...links]) for (const socket of link) socket.destroy();
      server.close();
    },
  };
}

/** Later data waits for delayed data, as on a slow connection. */
function forwardLater(from, to, state) {
  let last = Promise.resolve();
  let waiting = 0;
  from.on('data', (chunk) => {
    const delay = state.delay();
    if (delay === 0 && waiting === 0) {
      to.write(chunk);
      return;
    }
    waiting++;
    last = sendAfter(last, delay, () => {
      waiting--;
      if (!to.destroyed) to.write(chunk);
    });
  });
}

async function sendAfter(last, delay, send) {
  await last;
  await sleep(delay);
  send();
}
