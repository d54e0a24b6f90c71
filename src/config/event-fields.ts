import { refuseUnknownOptions } from '../errors/known-options.js';
import type { SessionEventFields } from '../session/session-event.js';
import { assertTypes, EVENT_FIELD_TYPES } from './option-types.js';

/** @throws {SessionConfigurationError} for an unknown field, or one of the wrong type. */
export function checkedEventFields(fields: SessionEventFields = {}): SessionEventFields {
  refuseUnknownOptions('eventFields', fields, Object.keys(EVENT_FIELD_TYPES));
  assertTypes('eventFields', fields, EVENT_FIELD_TYPES);
  return fields;
}
