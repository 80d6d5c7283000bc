/** Text below its title. */

export function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
