/** class-transformer throws on inherited getters without setter. */
export function isAssignable(instance: object, property: string): boolean {
  if (!(property in instance)) return true;
  const prototype = Object.getPrototypeOf(instance) as object | null;
  const declared = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, property);
  if (declared && !declared.set) return false;
  let holder: object | null = instance;
  while (holder !== null && !Object.hasOwn(holder, property)) holder = Object.getPrototypeOf(holder) as object | null;
  const descriptor = holder === null ? undefined : Object.getOwnPropertyDescriptor(holder, property);
  if (descriptor?.set) return true;
  return descriptor?.writable === true && typeof descriptor.value !== 'function';
}
