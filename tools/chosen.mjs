/** The names that an option of a tool selects: separated by commas, or `all`. */
export function chosen(given, names, option) {
  const wanted = given === 'all' ? names : given.split(',');
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} is one of ${names.join(', ')}, or all. Found: ${unknown}.`);
  return wanted;
}
