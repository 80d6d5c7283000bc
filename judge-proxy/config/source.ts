/**
 * The config file as YAML 1.2: positions for messages, and variables substituted **after** parsing, in scalar values
 * only, so that no value of the environment can add keys, comments or structure.
 */

import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { type ConfigProblem, formatPath, type KeyPath } from './config-error.ts';
import { type Env, substitute } from './substitute.ts';

/** More than any hand-written file needs; stops a file that unfolds into gigabytes. */
const MAX_ALIASES = 50;

/** Texts for the mistakes people make. Others are named by their code: the parser's own texts may quote the file. */
const YAML_ERRORS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands twice in its map',
  TAB_AS_INDENT: 'a tab cannot indent',
  BAD_INDENT: 'the indentation does not fit',
  MISSING_CHAR: 'a quote, bracket or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key may not span lines',
  MULTIPLE_DOCS: 'there is more than one document in the file',
  BAD_ALIAS: 'an alias cannot stand here',
  BAD_SCALAR_START: 'a value that begins with this character has to be quoted',
  TAG_RESOLVE_FAILED: 'a tag is not known, or its value does not fit',
  NON_STRING_KEY: 'a key has to be a plain word',
};

export class ConfigSource {
  readonly #document: Document;
  readonly #lines = new LineCounter();
  /** Scalars that a variable gave its value. */
  readonly #substituted = new Set<Scalar>();
  readonly #problems: ConfigProblem[] = [];

  constructor(text: string, env: Env) {
    this.#document = parseDocument(text, {
      version: '1.2',
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      resolveKnownTags: false,
      // 'silent' would let a second document pass without a word.
      logLevel: 'error',
    });
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      const message = YAML_ERRORS[error.code] ?? `this is not valid YAML (${error.code})`;
      this.#problems.push({ ...this.#position(error.pos[0]), path: '', message, fix: '' });
    }
    if (this.#problems.length === 0) this.#substitute(env);
  }

  /** What was wrong with YAML and variables. Nothing else may be asked when there is something. */
  get problems(): readonly ConfigProblem[] {
    return this.#problems;
  }

  /**
   * The plain values; an empty file gives an empty object.
   * @throws ReferenceError when aliases unfold beyond all measure
   */
  toValue(): unknown {
    return this.#document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  }

  /** A problem at the value of a key path, or at the nearest thing around it that the file has. */
  problemAt(path: KeyPath, message: string, fix = ''): ConfigProblem {
    return { ...this.#position(this.#offset(path)), path: formatPath(path), message, fix };
  }

  /** A problem at the key itself. */
  problemAtKey(path: KeyPath, message: string, fix = ''): ConfigProblem {
    const parent = this.#resolve(path.slice(0, -1));
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1))
      : undefined;
    const offset = isNode(pair?.key) ? (pair.key.range?.[0] ?? 0) : this.#offset(path);
    return { ...this.#position(offset), path: formatPath(path), message, fix };
  }

  /** True when the file has a value at the key path, be it an empty one. */
  has(path: KeyPath): boolean {
    return this.#resolve(path) !== undefined;
  }

  /** True when a variable gave the value its text. */
  isSubstituted(path: KeyPath): boolean {
    const node = this.#resolve(path);
    return isScalar(node) && this.#substituted.has(node);
  }

  /**
   * The environment knows only text. Where the schema asks for a number, a substituted text that is one becomes it.
   * @returns true when the value was changed
   */
  coerceNumber(path: KeyPath): boolean {
    const node = this.#resolve(path);
    if (!isScalar(node) || !this.#substituted.has(node) || typeof node.value !== 'string') return false;
    // Decimal only: the core schema's octal and hexadecimal forms are surprises in an environment.
    if (!/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(node.value)) return false;
    node.value = Number(node.value);
    return true;
  }

  #substitute(env: Env): void {
    visit(this.#document, {
      Pair: (_, pair) => {
        if (isScalar(pair.key)) this.#checkKey(pair.key);
      },
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        const fix = 'Define it before with `&`.';
        this.#problems.push({
          ...this.#position(alias.range?.[0] ?? 0),
          path: '',
          message: 'an alias names no anchor before it',
          fix,
        });
      },
      Scalar: (key, node) => {
        if (key === 'key' || typeof node.value !== 'string') return;
        const result = substitute(node.value, env);
        if (!result.ok) {
          this.#problems.push({
            ...this.#position(node.range?.[0] ?? 0),
            path: '',
            message: result.message,
            fix: result.fix,
          });
        } else if (result.changed) {
          node.value = result.text;
          this.#substituted.add(node);
        }
      },
    });
  }

  #checkKey(key: Scalar): void {
    const at = this.#position(key.range?.[0] ?? 0);
    if (key.value === '__proto__') {
      this.#problems.push({ ...at, path: '', message: '`__proto__` is no key', fix: '' });
    } else if (String(key.value).includes('${')) {
      const fix = 'Variables are substituted in values only: write the key out.';
      this.#problems.push({ ...at, path: '', message: 'a variable stands in a key', fix });
    }
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #offset(path: KeyPath): number {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = this.#resolve(path.slice(0, length))?.range?.[0];
      if (offset !== undefined) return offset;
    }
    return 0;
  }

  #resolve(path: KeyPath): Node | undefined {
    let node: unknown = this.#follow(this.#document.contents);
    for (const key of path) {
      if (!isMap(node) && !isSeq(node)) return undefined;
      node = this.#follow(node.get(key, true));
    }
    return isNode(node) ? node : undefined;
  }

  #follow(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }
}
