import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * How much of the matching request reaches the server before the cut: none, half or all. With all, the answer is lost.
 */
export type CutMoment = 'before it' | 'in the middle of it' | 'before its answer';

interface Trap {
  readonly request: RegExp;
  readonly moment: CutMoment;
}

/** A proxy between client and server that injects network and server faults. */
export class TcpProxy {
  readonly host = '127.0.0.1';
  /** Number of accepted connections. */
  connections = 0;
  /** Number of bytes from clients. */
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

  /** Accepts connections and bytes, but does not forward them, like a stopped process. */
  hang(): void {
    this.#state = 'hanging';
  }

  /** Resets all connections and new ones. */
  cut(): void {
    this.#state = 'cut';
    for (const link of this.#links) link.destroy();
  }

  /** Delays each answer of the server. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Cuts when a client sends this, in one chunk. */
  cutAt(request: RegExp, moment: CutMoment): void {
    this.#trap = { request, moment };
  }

  /** Ends every fault and forwards held bytes. */
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

/** One client connection and its server connection. */
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

  /** Writes in order, after held bytes. */
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
