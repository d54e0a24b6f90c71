import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A response whose bytes can be looked at. */
export interface Wired {
  readonly response: ServerResponse;
  /** What has left so far. */
  readonly sent: () => string;
}

/** Node's own response to a GET, on a connection that only remembers. */
export function wiredResponse(method = 'GET'): Wired {
  const chunks: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const request = new IncomingMessage(wire as Socket);
  request.method = method;
  request.httpVersionMajor = request.httpVersionMinor = 1;
  const response = new ServerResponse(request);
  response.sendDate = false;
  response.assignSocket(wire as Socket);
  return { response, sent: () => Buffer.concat(chunks).toString() };
}

/** Lets promises, ticks and streams run on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
