/** What is wrong with a config file, place by place. */

/** A key path: names of keys and positions in lists. */
export type KeyPath = readonly (string | number)[];

export interface ConfigProblem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** As `formatPath` writes it; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  /** What to do about it; a whole sentence, or empty. */
  readonly fix: string;
}

/** A config file that cannot be used. No value of a secret or of the environment stands in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  /** At least one, in order of the file. */
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'));
    this.file = file;
    this.problems = problems;
  }
}

function formatProblem(file: string, problem: ConfigProblem): string {
  const subject = problem.path === '' ? '' : `${problem.path}: `;
  const fix = problem.fix === '' ? '' : ` ${problem.fix}`;
  return `${file}:${problem.line}:${problem.column}: ${subject}${problem.message}.${fix}`;
}

/** `routes[0].hosts`, `upstream.connect_to["api.openai.com:443"]`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}
