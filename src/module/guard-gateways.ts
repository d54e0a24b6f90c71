import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { gatewaysOf } from './gateways.js';

const GUARDS = '__guards__';

/**
 * Lets the global guards of an application hold for its gateways. Nest 11 asks none of them there; Nest 12 does, and a
 * guard that is asked twice about one message looks once.
 * @param guards those of `RequireSessionGuard.everywhere`, known when Nest connects the gateways.
 */
export function guardGateways(discovery: DiscoveryService, guards: () => readonly CanActivate[]): void {
  for (const gateway of gatewaysOf(discovery)) {
    const present: unknown = Reflect.getMetadata(GUARDS, gateway);
    // An application that had the class before has its own guard already, and keeps it.
    const others = Array.isArray(present) ? present.filter((one) => !(one instanceof GatewayGuard)) : [];
    Reflect.defineMetadata(GUARDS, [new GatewayGuard(guards), ...others], gateway);
  }
}

class GatewayGuard implements CanActivate {
  readonly #find: () => readonly CanActivate[];
  #guards: readonly CanActivate[] | undefined;

  constructor(find: () => readonly CanActivate[]) {
    this.#find = find;
  }

  // Nest leaves a guard out that has no such method when it connects the gateway: where there are no global guards, a
  // message waits for none.
  get canActivate(): CanActivate['canActivate'] {
    this.#guards ??= this.#find();
    return this.#guards.length === 0 ? (undefined as unknown as CanActivate['canActivate']) : this.#askAll;
  }

  readonly #askAll = async (context: ExecutionContext): Promise<boolean> => {
    for (const guard of this.#guards!) {
      if ((await guard.canActivate(context)) !== true) return false;
    }
    return true;
  };
}
