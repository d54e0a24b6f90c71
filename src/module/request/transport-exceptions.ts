import type { ArgumentsHost } from '@nestjs/common';

export type TransportException = new (error: string | object) => Error;

const EXCEPTION = Symbol.for('nestjs-sessions:transport-exception');

interface Transported {
  [EXCEPTION]?: TransportException;
}

export interface ClientError {
  readonly status: 'error';
  readonly code: string;
  readonly message: string;
}

const CLIENT_ERROR = Symbol.for('nestjs-sessions:client-error');

export function clientError(code: string, message: string): ClientError {
  const error: ClientError = { status: 'error', code, message };
  return Object.defineProperty(error, CLIENT_ERROR, { value: true });
}

interface NativeSocket {
  readonly readyState?: unknown;
  send?(text: string): void;
  on?(event: string, listener: (payload: unknown) => void): void;
}

/** Nest 11 sends no exceptions to native WebSockets. */
export function forwardExceptions(socket: NativeSocket): void {
  if (typeof socket.readyState !== 'number' || typeof socket.send !== 'function') return;
  socket.on?.('exception', (payload) => {
    const isOurs = typeof payload === 'object' && payload !== null && Object.hasOwn(payload, CLIENT_ERROR);
    if (isOurs) socket.send?.(JSON.stringify({ event: 'exception', data: payload }));
  });
}

export function rememberException(type: object, exception: TransportException | undefined): void {
  if (exception) Object.defineProperty(type, EXCEPTION, { value: exception, configurable: true });
}

export function exceptionOf(type: object | undefined): TransportException | undefined {
  const transported: Transported | undefined = type;
  return transported?.[EXCEPTION];
}

export type WsFilter = new () => { catch(exception: Error, host: ArgumentsHost): void };

export async function loadWsException(): Promise<{
  readonly exception?: TransportException | undefined;
  readonly filter?: WsFilter | undefined;
}> {
  try {
    const websockets = await import('@nestjs/websockets');
    const filter = named(websockets, 'BaseWsExceptionFilter') as WsFilter | undefined;
    return { exception: named(websockets, 'WsException'), filter };
  } catch {
    return {};
  }
}

export async function loadRpcException(): Promise<TransportException | undefined> {
  try {
    return named(await import('@nestjs/microservices'), 'RpcException');
  } catch {
    return undefined;
  }
}

// Re-exports of CommonJS (Nest 11) are only on the default export.
function named(module: object, name: string): TransportException | undefined {
  const { default: whole, ...rest } = module as { default?: object };
  const exception: unknown = { ...whole, ...rest }[name as never];
  return typeof exception === 'function' ? (exception as TransportException) : undefined;
}
