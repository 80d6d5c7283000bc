/** Commands to paste, as errors and warnings show them. */

/** What a command must be told to work on the same files and hosts again. */
export interface CommandContext {
  readonly certDir: string;
  readonly configFile?: string | undefined;
  readonly hosts: readonly string[];
}

export const DEFAULT_DIR = 'certs';
export const DEFAULT_CONFIG = 'config/judge-proxy.yaml';

/** `npm run certs -- intercept-ca --force …`, with the config, or directory and hosts, that it needs. */
export function certsCommand(command: string, context: CommandContext): string {
  return ['npm run certs --', command, ...whereabouts(command, context)].join(' ');
}

function whereabouts(command: string, context: CommandContext): string[] {
  if (context.configFile === DEFAULT_CONFIG) return [];
  if (context.configFile !== undefined) return [`--config ${quoted(context.configFile)}`];
  const hosts = command.startsWith('intercept-ca') ? context.hosts.map((host) => `--host ${quoted(host)}`) : [];
  return [...(context.certDir === DEFAULT_DIR ? [] : [`--dir ${quoted(context.certDir)}`]), ...hosts];
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
