import type { CanActivate } from '@nestjs/common';
import { ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { requirementOfGuard } from './require-session.guard.js';
import type { SessionRequirement } from './session-requirement.js';

/** Nest keeps its global guards there; the members are not in its public types. */
interface GuardsHolder {
  readonly guardsContextCreator?: { getGlobalMetadata?(): unknown };
}

/** The guards of `RequireSessionGuard.everywhere`, be they `APP_GUARD` or of `app.useGlobalGuards`. */
export function globalGuards(modules: ModuleRef): readonly CanActivate[] {
  const creator = modules.get<unknown, GuardsHolder>(ExternalContextCreator, { strict: false });
  const guards = creator.guardsContextCreator?.getGlobalMetadata?.();
  return Array.isArray(guards) ? guards.filter((guard) => requirementOfGuard(guard) !== undefined) : [];
}

/** What {@link globalGuards} ask for. */
export function globalRequirements(modules: ModuleRef): readonly SessionRequirement[] {
  return globalGuards(modules).flatMap((guard) => requirementOfGuard(guard) ?? []);
}
