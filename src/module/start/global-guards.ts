import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { ExternalContextCreator, type DiscoveryService, type ModuleRef } from '@nestjs/core';
import 'reflect-metadata';
import { gatewaysOf } from './gateways.js';
import { GUARDS } from '../handlers/nest-metadata.js';
import { requirementOfGuard } from '../decorators/require-session.guard.js';
import type { SessionRequirement } from '../handlers/session-requirement.js';

/** Nest internals. */
interface GuardsHolder {
  readonly guardsContextCreator?: { getGlobalMetadata?(): unknown };
}

/** Those of `APP_GUARD` and of `app.useGlobalGuards`. */
export function globalGuards(modules: ModuleRef): readonly CanActivate[] {
  const creator = modules.get<unknown, GuardsHolder>(ExternalContextCreator, { strict: false });
  const guards = creator.guardsContextCreator?.getGlobalMetadata?.();
  return Array.isArray(guards) ? guards.filter((guard) => requirementOfGuard(guard) !== undefined) : [];
}

export function globalRequirements(modules: ModuleRef): readonly SessionRequirement[] {
  return globalGuards(modules).flatMap((guard) => requirementOfGuard(guard) ?? []);
}

/**
 * Applies global guards to gateways, where Nest 11 skips them.
 * @param guards called when Nest connects the gateways.
 */
export function guardGateways(discovery: DiscoveryService, guards: () => readonly CanActivate[]): void {
  for (const gateway of gatewaysOf(discovery)) {
    const present: unknown = Reflect.getMetadata(GUARDS, gateway);
    // Of an earlier application with this class.
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

  // Nest ignores a guard without this method.
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
