// Visitors who create, change and end sessions, and the answers that they got.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionStorageUnavailableError } from 'nestjs-sessions';

const PREFIX = 'nestjs-sessions:';
const CHANGES = 10;
/** Milliseconds after the last visitor. */
const READABLE_WITHIN = 15_000;
const THIS_NODE = 'the primary';
const OTHER_NODES = 'other nodes';

/** Names of the groups of sessions. */
export function groupsOf(setup) {
  return setup === 'cluster' ? [THIS_NODE, OTHER_NODES] : [THIS_NODE];
}

class Group {
  answered = 0;
  unavailable = 0;
  failed = 0;
  lost = 0;
  revived = 0;
  /** Sessions that could not be read at the end. */
  unreadable = 0;
  /** The longest time without an answer, in milliseconds. */
  gap = 0;
  #last = performance.now();

  succeeded() {
    this.answered++;
    this.ended();
    this.#last = performance.now();
  }

  /** Includes the time since the last answer. */
  ended() {
    this.gap = Math.max(this.gap, performance.now() - this.#last);
  }

  rejected(error) {
    if (error instanceof SessionStorageUnavailableError) this.unavailable++;
    else this.failed++;
  }
}

export class Visitors {
  groups = { [THIS_NODE]: new Group(), [OTHER_NODES]: new Group() };
  #storage;
  #isOfPrimary;
  #sessions = [];
  #giveUpAt = 0;

  /** @param setup `isOfPrimary` tells whether the failing primary has one of these keys. */
  constructor(storage, { isOfPrimary }) {
    this.#storage = storage;
    this.#isOfPrimary = isOfPrimary;
  }

  /** Every second visitor has sessions of one group, so that waiting for one node does not delay the others. */
  async run(count, until) {
    await Promise.all(Array.from({ length: count }, (_, index) => this.#visit(until, index % 2 === 0)));
    for (const group of Object.values(this.groups)) group.ended();
  }

  async #visit(until, ofPrimary) {
    while (performance.now() < until) {
      const session = this.#newSession(ofPrimary);
      try {
        await this.#use(session);
      } catch (error) {
        session.group.rejected(error);
        await sleep(20);
      }
    }
  }

  #newSession(ofPrimary) {
    for (;;) {
      const id = randomUUID();
      const owner = `owner-${id}`;
      const isOfPrimary = this.#isOfPrimary([PREFIX + id, `${PREFIX}owner:${owner}`]);
      // Only a cluster has other nodes.
      if (isOfPrimary !== ofPrimary && !this.#isOfPrimary([])) continue;
      const group = this.groups[isOfPrimary ? THIS_NODE : OTHER_NODES];
      return { id, owner, group, acknowledged: 0, ended: false, isUncertain: false };
    }
  }

  async #use(session) {
    const { id, owner, group } = session;
    const toStore = (value) => ({ value: String(value), expiresAt: Date.now() + 3_600_000, owner });
    await this.#storage.create(id, toStore(0));
    group.succeeded();
    this.#sessions.push(session);
    for (let value = 1; value <= CHANGES; value++) {
      const read = await this.#storage.read(id);
      // If it is lost, verify counts it.
      if (!read) return;
      const result = await this.#storage.replace(id, toStore(value), read.version);
      if (result.status !== 'replaced') return;
      session.acknowledged = value;
      group.succeeded();
      await sleep(5);
    }
    if (Math.random() < 0.5) return;
    session.isUncertain = true;
    await this.#storage.invalidate(id);
    session.ended = true;
    group.succeeded();
  }

  /** Compares the stored sessions with the answers. */
  async verify() {
    this.#giveUpAt = performance.now() + READABLE_WITHIN;
    for (const { id, group, acknowledged, ended, isUncertain } of this.#sessions) {
      const { read, isRead } = await this.#readable(id);
      if (!isRead) group.unreadable++;
      else if (ended && read) group.revived++;
      else if (!ended && !(isUncertain && !read) && !(Number(read?.value) >= acknowledged)) group.lost++;
    }
  }

  async #readable(id) {
    for (;;) {
      try {
        return { isRead: true, read: await this.#storage.read(id) };
      } catch {
        if (performance.now() > this.#giveUpAt) return { isRead: false };
        await sleep(200);
      }
    }
  }
}
