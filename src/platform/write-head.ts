import { validateHeaderValue } from 'node:http';
import type { RawResponse } from './raw-exchange.js';

/** Sets the headers of a `writeHead` call and returns its other arguments. Throws what Node would. */
export function applyWriteHead(response: RawResponse, args: readonly unknown[], statusCode: number): unknown[] {
  const [, second, third] = args;
  const reason = typeof second === 'string' ? second : undefined;
  const headers = reason === undefined ? (second ?? third) : third;
  if (reason !== undefined) validateHeaderValue('statusMessage', reason);
  response.statusCode = statusCode;
  if (Array.isArray(headers)) takeArray(response, headers);
  else if (headers && typeof headers === 'object') {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
  }
  return reason === undefined ? [statusCode] : [statusCode, reason];
}

function takeArray(response: RawResponse, headers: readonly unknown[]): void {
  if (!Array.isArray(headers[0]) && headers.length % 2 !== 0) {
    throw Object.assign(new TypeError('The argument "headers" is invalid: a flat array needs a value for each name.'), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  const values = new Map<string, { name: string; values: string[] }>();
  for (let index = 0; index < headers.length;) {
    const entry = headers[index];
    const pair = Array.isArray(entry) ? entry : [entry, headers[index + 1]];
    index += Array.isArray(entry) ? 1 : 2;
    const name = String(pair[0]);
    const present = values.get(name.toLowerCase()) ?? { name, values: [] };
    present.values.push(...(Array.isArray(pair[1]) ? pair[1] : [pair[1]]));
    values.set(name.toLowerCase(), present);
  }
  for (const { name, values: all } of values.values()) response.setHeader(name, all.length === 1 ? all[0]! : all);
}
