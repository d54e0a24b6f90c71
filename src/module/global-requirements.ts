import { ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { requirementOfGuard } from './require-session.guard.js';
import type { SessionRequirement } from './session-requirement.js';

/** Nest keeps its global guards there; the members are not in its public types. */
interface GuardsHolder {
  readonly guardsContextCreator?: { getGlobalMetadata?(): unknown };
}

/** What guards of `RequireSessionGuard.everywhere` ask for, be they `APP_GUARD` or of `app.useGlobalGuards`. */
export function globalRequirements(modules: ModuleRef): readonly SessionRequirement[] {
  const creator = modules.get<unknown, GuardsHolder>(ExternalContextCreator, { strict: false });
  const guards = creator.guardsContextCreator?.getGlobalMetadata?.();
  return Array.isArray(guards) ? guards.flatMap((guard) => requirementOfGuard(guard) ?? []) : [];
}
