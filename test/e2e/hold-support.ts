import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session, SessionStorageMemory, type SessionToStore } from 'nestjs-sessions';

/** By id, so that the head must wait for the write of each change. */
@Session('visit', { tracker: 'by-id' })
export class Visit {
  count = 0;
  note?: string;
}

/** A received response, with unmerged header lines in order. */
export interface RawAnswer {
  readonly status: number;
  readonly reason: string;
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Buffer;
  readonly text: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
  /** The connection broke before the end of the body. */
  readonly broken: boolean;
  /** Every value of a header, by case-insensitive name. */
  all(name: string): string[];
  /** The `Set-Cookie` lines of one cookie. */
  cookies(name: string): string[];
  /** `name=value` of the only such line, as sent back by a client. */
  cookie(name: string): string;
}

export interface RawQuestion {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly cookie?: string | undefined;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  /** Called when the head arrives. */
  readonly onHead?: () => void;
  /** Called with the request, to abort it. */
  readonly onRequest?: (request: ClientRequest) => void;
}

/** Sends a request with `node:http`, which gives the raw head. */
export function send(url: string, question: RawQuestion = {}): Promise<RawAnswer> {
  const { method = 'GET', headers = {}, cookie, body, agent, onHead, onRequest } = question;
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method,
      agent: agent ?? false,
      headers: {
        ...headers,
        ...(cookie === undefined ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      onHead?.();
      void collect(response).then(resolve, reject);
    });
    onRequest?.(outgoing);
    outgoing.end(body);
  });
}

async function collect(response: IncomingMessage): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  let broken = false;
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch {
    broken = true;
  }
  const { rawHeaders, trailers } = response;
  const lines: Array<readonly [string, string]> = [];
  for (let index = 0; index < rawHeaders.length; index += 2) lines.push([rawHeaders[index]!, rawHeaders[index + 1]!]);
  return answerOf(response.statusCode ?? 0, response.statusMessage ?? '', lines, Buffer.concat(chunks), {
    trailers,
    broken,
  });
}

/** Parses header lines. */
export function answerOf(
  status: number,
  reason: string,
  lines: ReadonlyArray<readonly [string, string]>,
  body: Buffer,
  rest: { trailers?: Record<string, string | undefined>; broken?: boolean } = {},
): RawAnswer {
  const all = (name: string): string[] =>
    lines.filter(([present]) => present.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const cookies = (name: string): string[] => all('set-cookie').filter((line) => line.startsWith(`${name}=`));
  return {
    status,
    reason,
    lines,
    body,
    text: body.toString(),
    trailers: rest.trailers ?? {},
    broken: rest.broken ?? false,
    all,
    cookies,
    cookie: (name) => {
      const found = cookies(name);
      if (found.length !== 1) throw new Error(`${found.length} cookies named ${name} in: ${JSON.stringify(lines)}`);
      return found[0]!.split(';')[0]!;
    },
  };
}

/** A storage that can be slow or fail, and that records its calls. */
export class RecordingStorage extends SessionStorageMemory {
  readonly sequence: string[] = [];
  delayInMilliseconds = 0;
  failing = false;
  /** While set, changes wait for it. */
  gate: Promise<void> | undefined;

  override write(id: string, session: SessionToStore): Promise<string> {
    return this.#change('write', () => super.write(id, session));
  }

  override replace(id: string, session: SessionToStore, version?: string): ReturnType<SessionStorageMemory['replace']> {
    return this.#change('replace', () => super.replace(id, session, version));
  }

  override invalidate(id: string): Promise<boolean> {
    return this.#change('invalidate', () => super.invalidate(id));
  }

  /** Returns and clears the recorded calls. */
  taken(): string[] {
    return this.sequence.splice(0);
  }

  async #change<T>(name: string, run: () => Promise<T>): Promise<T> {
    this.sequence.push(`${name} begins`);
    if (this.delayInMilliseconds > 0) await sleep(this.delayInMilliseconds);
    await this.gate;
    if (this.failing) {
      this.sequence.push(`${name} fails`);
      throw new Error('the storage is on fire');
    }
    const result = await run();
    this.sequence.push(`${name} ends`);
    return result;
  }
}

/** Delays operations until it is opened. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Node's own response behind Express' or Fastify's. */
export function rawOf(response: any): any {
  return response.raw ?? response;
}

/** The real process: Jest's copy does not emit warnings and uncaught errors. */
export function realProcess(): NodeJS.Process {
  const realm = setTimeout as unknown as { constructor: (code: string) => () => NodeJS.Process };
  return realm.constructor('return process')();
}

/**
 * Records uncaught errors. @returns the errors so far; registers the clean-up and a check that there are none.
 */
export function watchUncaught(): unknown[] {
  const real = realProcess();
  const seen: unknown[] = [];
  const see = (error: unknown): void => void seen.push(error);
  beforeAll(() => real.on('uncaughtException', see).on('unhandledRejection', see));
  afterAll(() => {
    real.off('uncaughtException', see).off('unhandledRejection', see);
    expect(seen).toEqual([]);
  });
  return seen;
}
