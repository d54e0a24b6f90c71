import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * When to cut, seen from the request that matches: none of it, half of it, or all of it has reached the server; in the
 * last case the server has answered and the answer is lost.
 */
export type CutMoment = 'before it' | 'in the middle of it' | 'before its answer';

interface Trap {
  readonly request: RegExp;
  readonly moment: CutMoment;
}

/** Stands between a client and a server, and has the faults that networks and servers have. */
export class TcpProxy {
  readonly host = '127.0.0.1';
  /** Connections that clients made so far, the refused ones not counted. */
  connections = 0;
  /** Bytes that clients sent so far. */
  received = 0;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #target: { readonly host: string; readonly port: number };
  #state: 'well' | 'hanging' | 'cut' = 'well';
  #delay = 0;
  #trap: Trap | undefined;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, proxy.host, resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Accepts connections and bytes, but forwards nothing until it is healed, like a stopped process. */
  hang(): void {
    this.#state = 'hanging';
  }

  /** Resets all connections, and new ones as they come. */
  cut(): void {
    this.#state = 'cut';
    for (const link of this.#links) link.destroy();
  }

  /** Lets each answer of the server wait. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Cuts when a client sends this. Requests are recognized where they come in one piece. */
  cutAt(request: RegExp, moment: CutMoment): void {
    this.#trap = { request, moment };
  }

  /** Ends every fault; bytes that were held back go on. */
  heal(): void {
    this.#state = 'well';
    this.#delay = 0;
    this.#trap = undefined;
    for (const link of this.#links) link.release();
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#state === 'cut') {
      client.on('error', ignore).resetAndDestroy();
      return;
    }
    this.connections++;
    const server = connect(this.#target);
    const link = new Link(client, server);
    this.#links.add(link);
    client.on('data', (chunk) => this.#request(link, chunk));
    server.on('data', (chunk) => this.#answer(link, chunk));
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', ignore).on('close', () => {
        this.#links.delete(link);
        link.destroy();
      });
    }
  }

  #request(link: Link, chunk: Buffer): void {
    this.received += chunk.length;
    if (this.#state === 'hanging') return link.hold(link.server, chunk);
    const moment = this.#trap?.request.test(chunk.toString('latin1')) ? this.#trap.moment : undefined;
    if (moment === 'before it') return this.cut();
    if (moment === 'in the middle of it') {
      link.server.end(chunk.subarray(0, chunk.length >> 1), () => this.cut());
      return;
    }
    if (moment === 'before its answer') link.loseAnswer();
    link.send(link.server, chunk);
  }

  #answer(link: Link, chunk: Buffer): void {
    if (link.losesAnswer) return this.cut();
    if (this.#state === 'hanging') return link.hold(link.client, chunk);
    if (this.#delay === 0) return link.send(link.client, chunk);
    link.hold(link.client, chunk);
    setTimeout(() => {
      if (this.#state === 'well') link.release();
    }, this.#delay);
  }
}

/** One connection of a client, and the one to the server that belongs to it. */
class Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly #held: Array<readonly [Socket, Buffer]> = [];
  #losesAnswer = false;

  constructor(client: Socket, server: Socket) {
    this.client = client;
    this.server = server;
  }

  get losesAnswer(): boolean {
    return this.#losesAnswer;
  }

  loseAnswer(): void {
    this.#losesAnswer = true;
  }

  hold(to: Socket, chunk: Buffer): void {
    this.#held.push([to, chunk]);
  }

  /** In order, also behind what is held back. */
  send(to: Socket, chunk: Buffer): void {
    if (this.#held.some(([target]) => target === to)) this.hold(to, chunk);
    else to.write(chunk);
  }

  release(): void {
    for (const [to, chunk] of this.#held.splice(0)) to.write(chunk);
  }

  destroy(): void {
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

function ignore(): void {}
