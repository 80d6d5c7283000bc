/** `${VAR}` and `${VAR:-default}` inside one config value. */

export type Env = Readonly<Record<string, string | undefined>>;

export type Substitution =
  | { readonly ok: true; readonly text: string /** A variable stood in the text. */; readonly changed: boolean }
  | { readonly ok: false; readonly message: string; readonly fix: string };

/** Names as POSIX shells take them. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

class SubstitutionError extends Error {
  readonly fix: string;
  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/**
 * Replaces the variables of one value.
 *
 * `${VAR}` demands that the variable is set (it may be empty); `${VAR:-default}` takes the default when it is unset or
 * empty, as shells do, and the default may hold further variables and colons; `$${` is a literal `${`. Nothing is
 * substituted in what a variable holds.
 * @param text the value as YAML gave it
 * @param env the environment; no value of it ever stands in a message
 */
export function substitute(text: string, env: Env): Substitution {
  if (!text.includes('${')) return { ok: true, text, changed: false };
  try {
    const read = expand(text, 0, env, true);
    return { ok: true, text: read.text, changed: true };
  } catch (error) {
    if (!(error instanceof SubstitutionError)) throw error;
    return { ok: false, message: error.message, fix: error.fix };
  }
}

/** Expands from `start` to the end of the text, or to the brace that closes a default. */
function expand(text: string, start: number, env: Env, top: boolean): { text: string; end: number } {
  let out = '';
  let at = start;
  while (at < text.length) {
    if (text.startsWith('$${', at)) {
      out += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const variable = readVariable(text, at + 2, env);
      out += variable.text;
      at = variable.end;
    } else if (text[at] === '}' && !top) {
      return { text: out, end: at };
    } else {
      out += text[at];
      at += 1;
    }
  }
  if (!top)
    throw new SubstitutionError('a `${` is not closed', 'Close it with `}`, or write `$${` for a literal `${`.');
  return { text: out, end: at };
}

/** Reads from behind `${` to behind its `}`. */
function readVariable(text: string, start: number, env: Env): { text: string; end: number } {
  const name = NAME.exec(text.slice(start))?.[0];
  if (name === undefined) {
    throw new SubstitutionError('`${` is not followed by the name of a variable', 'Write `$${` for a literal `${`.');
  }
  const behind = start + name.length;
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (text[behind] === '}') {
    if (value !== undefined) return { text: value, end: behind + 1 };
    throw new SubstitutionError(
      `the environment variable ${name} is not set`,
      `Set ${name}, or give a default: \${${name}:-default}.`,
    );
  }
  if (!text.startsWith(':-', behind)) {
    throw new SubstitutionError(
      `the variable ${name} is followed by something else than \`}\` or \`:-\``,
      `Write \${${name}} or \${${name}:-default}.`,
    );
  }
  const byDefault = expand(text, behind + 2, env, false);
  return { text: value || byDefault.text, end: byDefault.end + 1 };
}
