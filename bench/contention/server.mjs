// A server that counts the calls of its storage: node server.mjs NAME; answers `start`, `callsOf` and `end`.
import { Get, Post } from '@nestjs/common';
import { answer } from '../lib/answer.mjs';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { CurrentSession, hashSessionId, SessionsModule, SessionStorageMemory } from '../lib/package-under-test.mjs';
import { ENGINES } from '../storages/engines.mjs';
import { KEY } from '../lib/key.mjs';

const COUNTED = new Set(['read', 'readMany', 'write', 'create', 'replace', 'touch', 'invalidate']);
const openMemory = () => ({ storage: new SessionStorageMemory(), close() {} });
const open = process.argv[2] === 'memory' ? openMemory : ENGINES.find(({ name }) => name === process.argv[2]).open;

class VisitorSession {
  changes = 0;
  text = 'x'.repeat(200);
}

/** Storage calls by id. */
const calls = new Map();
let running;

async function start() {
  const engine = await open();
  if (!engine) return undefined;
  const controller = controllerOf({
    show: [[Get()], [CurrentSession(VisitorSession)], (visitor) => ({ changes: visitor.changes })],
    change: [
      [Post()],
      [CurrentSession(VisitorSession)],
      (visitor) => {
        visitor.changes++;
        return {};
      },
    ],
  });
  const sessions = [{ type: VisitorSession, name: 'visitor', storage: counted(engine.storage) }];
  const app = await createApp('fastify', controller, [SessionsModule.forRoot({ keys: [KEY], sessions })]);
  await app.listen(0, '127.0.0.1');
  running = { app, engine };
  return { port: app.getHttpServer().address().port };
}

function counted(storage) {
  return new Proxy(storage, {
    get(target, key) {
      const member = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      if (!COUNTED.has(key)) return member.bind(target);
      return (id, ...rest) => {
        calls.set(id, (calls.get(id) ?? 0) + 1);
        return member.call(target, id, ...rest);
      };
    },
  });
}

/** Number of storage calls for the session of this cookie. */
function callsOf({ cookie }) {
  return calls.get(hashSessionId(decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1)))) ?? 0;
}

async function end() {
  await running.app.close();
  await running.engine.close();
}

answer({ start, callsOf, end });
