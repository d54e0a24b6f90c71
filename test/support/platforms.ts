import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';

/** One HTTP platform of Nest. */
export interface Platform {
  readonly name: 'express' | 'fastify';
  adapter(): AbstractHttpAdapter;
}

export const platforms: readonly Platform[] = [
  { name: 'express', adapter: () => new ExpressAdapter() },
  { name: 'fastify', adapter: () => new FastifyAdapter() },
];

/** An application that listens on a free port. */
export interface RunningApp {
  readonly app: INestApplication;
  readonly url: string;
  close(): Promise<void>;
}

export interface StartOptions extends ModuleMetadata {
  /** Prepares the application before it listens. */
  readonly prepare?: (app: INestApplication) => void | Promise<void>;
  readonly adapter?: AbstractHttpAdapter;
}

/** Starts an application of these modules and controllers on a platform. */
export async function startApp(
  platform: Platform,
  { prepare, adapter, ...metadata }: StartOptions,
): Promise<RunningApp> {
  const module = await Test.createTestingModule(metadata).compile();
  const app = module.createNestApplication(adapter ?? platform.adapter(), { logger: false });
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

export type ControllerClass = Type<unknown>;
