import type { CanActivate } from '@nestjs/common';
import { ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { requirementOfGuard } from './require-session.guard.js';
import type { SessionRequirement } from './session-requirement.js';

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
