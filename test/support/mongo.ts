import { BSON } from 'mongodb';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * A stub of a MongoDB server in this process, for session stores with the real driver. It speaks OP_MSG, so the client
 * needs `serverApi: '1'`.
 */
export interface MongoServer {
  readonly url: string;
  close(): Promise<void>;
}

type Document = Record<string, unknown>;
type Collection = Map<unknown, Document>;

const OP_MSG = 2013;

export async function startMongo(): Promise<MongoServer> {
  const collections = new Map<unknown, Collection>();
  const sockets = new Set<Socket>();
  const collection = (name: unknown): Collection => {
    if (!collections.has(name)) collections.set(name, new Map());
    return collections.get(name)!;
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0));
        received = received.subarray(message.length);
        socket.write(answerTo(message, (command) => run(command, collection)));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/sessions`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerTo(message: Buffer, run: (command: Document) => Document): Buffer {
  if (message.readInt32LE(12) !== OP_MSG) throw new Error("Give the client serverApi: '1'.");
  const body = Buffer.from(BSON.serialize(run(commandIn(message))));
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}

/** The merged sections of an OP_MSG: one document, and lists of documents by name. */
function commandIn(message: Buffer): Document {
  const command: Document = {};
  let at = 20;
  while (at < message.length) {
    const isList = message[at] === 1;
    const section = message.subarray(at + 1, at + 1 + message.readInt32LE(at + 1));
    at += 1 + section.length;
    if (!isList) {
      Object.assign(command, BSON.deserialize(section));
      continue;
    }
    const nameEnd = section.indexOf(0, 4);
    command[section.toString('utf8', 4, nameEnd)] = documentsIn(section.subarray(nameEnd + 1));
  }
  return command;
}

function documentsIn(bytes: Buffer): Document[] {
  const documents: Document[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
    documents.push(BSON.deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))));
  }
  return documents;
}

function run(command: Document, collection: (name: unknown) => Collection): Document {
  if ('hello' in command) {
    const limits = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 };
    return { ok: 1, helloOk: true, isWritablePrimary: true, minWireVersion: 0, maxWireVersion: 21, ...limits };
  }
  if ('find' in command) {
    const found = [...collection(command['find']).values()].filter((one) =>
      matches(one, command['filter'] as Document),
    );
    return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: `sessions.${String(command['find'])}`, firstBatch: found } };
  }
  if ('update' in command) return update(collection(command['update']), command['updates'] as Document[]);
  if ('delete' in command) {
    const documents = collection(command['delete']);
    const ended = (command['deletes'] as Document[]).filter((one) => documents.delete((one['q'] as Document)['_id']));
    return { ok: 1, n: ended.length };
  }
  // createIndexes, endSessions.
  return { ok: 1 };
}

function update(documents: Collection, updates: readonly Document[]): Document {
  const upserted: Document[] = [];
  let matched = 0;
  for (const [index, { q, u, upsert }] of updates.entries()) {
    const { _id } = q as Document;
    const present = documents.get(_id);
    if (present) matched++;
    else if (upsert) upserted.push({ index, _id });
    else continue;
    documents.set(_id, { ...present, ...((u as Document)['$set'] as Document), _id });
  }
  return { ok: 1, n: matched + upserted.length, nModified: matched, ...(upserted.length > 0 ? { upserted } : {}) };
}

/** The operators of connect-mongo: equality, `$or`, `$exists` and `$gt`. */
function matches(document: Document, filter: Document): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (field === '$or') return (wanted as Document[]).some((one) => matches(document, one));
    const value = document[field];
    if (typeof wanted !== 'object' || wanted === null) return value === wanted;
    const { $exists, $gt } = wanted as { $exists?: boolean; $gt?: Date };
    if ($exists !== undefined) return (value !== undefined) === $exists;
    return $gt !== undefined && (value as Date) > $gt;
  });
}
