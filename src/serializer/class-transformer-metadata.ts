import 'reflect-metadata';
import type { MetadataStorage } from 'class-transformer/types/MetadataStorage.js';
// @ts-expect-error class-transformer 0.5 declares no types for this file; @nestjs/mapped-types imports it as well.
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';

const storage = defaultMetadataStorage as MetadataStorage;

/** The name under which a property is stored: its own, or the one `@Expose({ name })` gives. */
export function storedNameOf(type: new () => object, property: string): string {
  return storage.findExposeMetadata(type, property)?.options?.name ?? property;
}
