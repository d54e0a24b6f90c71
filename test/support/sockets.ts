import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

/** A message from the server. */
export interface Message {
  readonly event: string;
  readonly data: unknown;
}

/** One open socket of a client. */
export interface Socket {
  /** Sends an event and returns the next message. */
  ask(event: string): Promise<Message>;
  /** Returns the next message. */
  next(): Promise<Message>;
  close(): void;
}

/** One WebSocket library of Nest. */
export interface SocketKind {
  readonly name: 'ws' | 'socket.io';
  prepare(app: INestApplication): void;
  connect(url: string, headers: Record<string, string>): Promise<Socket>;
}

export const socketKinds: readonly SocketKind[] = [
  { name: 'ws', prepare: (app) => void app.useWebSocketAdapter(new WsAdapter(app)), connect: connectWs },
  { name: 'socket.io', prepare: (app) => void app.useWebSocketAdapter(new IoAdapter(app)), connect: connectIo },
];

async function connectWs(url: string, headers: Record<string, string>): Promise<Socket> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const next = (): Promise<Message> =>
    new Promise((resolve) => {
      socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()) as Message));
    });
  return {
    ask: (event) => {
      const answer = next();
      socket.send(JSON.stringify({ event, data: {} }));
      return answer;
    },
    next,
    close: () => socket.terminate(),
  };
}

async function connectIo(url: string, headers: Record<string, string>): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], extraHeaders: headers, forceNew: true, reconnection: false });
  await new Promise((resolve, reject) =>
    socket.once('connect', () => resolve(undefined)).once('connect_error', reject),
  );
  const next = (): Promise<Message> =>
    new Promise((resolve) => {
      const answered = (name: string, data: unknown): void => {
        socket.offAny(answered);
        resolve({ event: name, data });
      };
      socket.onAny(answered);
    });
  return {
    ask: (event) => {
      const answer = next();
      socket.emit(event, {});
      return answer;
    },
    next,
    close: () => socket.close(),
  };
}
