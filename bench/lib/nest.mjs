import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/**
 * A controller without TypeScript's decorator syntax.
 * @param routes by handler name `[[method decorator, …], [parameter decorator, …], function]`.
 */
export function controllerOf(routes) {
  class BenchController {}
  const { prototype } = BenchController;
  for (const [name, [decorators, parameters, handle]] of Object.entries(routes)) {
    // A named function, like a method.
    Object.defineProperty(prototype, name, {
      value(...args) {
        return handle(...args);
      },
      writable: true,
      configurable: true,
    });
    parameters.forEach((decorate, index) => decorate(prototype, name, index));
    for (const decorate of decorators) decorate(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  }
  Controller()(BenchController);
  return BenchController;
}

/** A Nest application of one controller on a platform, not yet listening. */
export function createApp(platform, controller, imports = []) {
  class AppModule {}
  Module({ imports, controllers: [controller] })(AppModule);
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  return NestFactory.create(AppModule, adapter, { logger: ['error'], abortOnError: false });
}
