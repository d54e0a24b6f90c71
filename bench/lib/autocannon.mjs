// The load where wrk is not installed: node autocannon.mjs URL COOKIE_FILE CONNECTIONS SECONDS
import autocannon from 'autocannon';
import { readFileSync } from 'node:fs';

const [url, file, connections, seconds] = process.argv.slice(2);
const cookies = readFileSync(file, 'utf8').split('\n').slice(0, -1);
let clients = 0;

const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  // Each connection has sessions of its own, so that no two requests under way share one.
  setupClient(client) {
    const own = clients++;
    const mine = cookies.filter((_, index) => index % Number(connections) === own % cookies.length);
    client.setRequests((mine.length > 0 ? mine : cookies).map((cookie) => ({ headers: cookie ? { cookie } : {} })));
  },
});
const answered = result['2xx'];
process.stdout.write(JSON.stringify({ answered, failed: result.errors + result.timeouts + result.non2xx }));
