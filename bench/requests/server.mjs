// One contestant: node server.mjs ID. Listens on a free port and answers its parent; see lib/child.mjs.
import { answer } from '../lib/answer.mjs';
import { spin } from '../lib/machine.mjs';
import { contestants } from './contestants.mjs';

const contestant = contestants.find(({ id }) => id === process.argv[2]);
const app = await contestant.start(contestant.platform);
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();

answer({
  url: () => `http://127.0.0.1:${port}`,
  /** CPU time of this process so far, user and system, in microseconds. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  spin,
});
