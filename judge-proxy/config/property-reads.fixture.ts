/** Which properties a source file reads, from its syntax tree: comments, types and strings do not count. */

import { parseSync } from 'oxc-parser';

interface SyntaxNode {
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * Every dotted chain that a file reads, without its first word: `config.limits.dns` gives `limits.dns`, and so does
 * `const { dns } = config.limits`.
 */
export function propertyReads(path: string, source: string): Set<string> {
  const reads = new Set<string>();
  walk(parseSync(path, source).program as unknown as SyntaxNode, (node) => {
    if (node.type === 'MemberExpression') add(reads, chainOf(node));
    if (node.type === 'VariableDeclarator') addPattern(reads, node.id, chainOf(node.init));
    if (node.type === 'ObjectPattern') addPattern(reads, node, '');
  });
  return reads;
}

/** True when a chain that was read ends with these words. */
export function endsWith(reads: ReadonlySet<string>, words: string): boolean {
  return [...reads].some((chain) => chain === words || chain.endsWith(`.${words}`));
}

function add(reads: Set<string>, chain: string): void {
  if (chain.includes('.')) reads.add(chain.slice(chain.indexOf('.') + 1));
}

/** `{ a: { b } } = x.y` reads `y.a` and `y.a.b`. */
function addPattern(reads: Set<string>, pattern: unknown, from: string): void {
  if (!isNode(pattern) || pattern.type !== 'ObjectPattern' || !Array.isArray(pattern.properties)) return;
  for (const property of pattern.properties as unknown[]) {
    if (!isNode(property) || property.type !== 'Property' || property.computed === true) continue;
    const chain = `${from}.${nameOf(property.key)}`;
    add(reads, from === '' ? `_${chain}` : chain);
    addPattern(reads, property.value, chain);
  }
}

/** `a.b?.c` for a chain of plain names, with `_` for what is none; empty for what is no chain. */
function chainOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'ChainExpression' || node.type === 'TSNonNullExpression') return chainOf(node.expression);
  if (node.type === 'Identifier') return nameOf(node);
  if (node.type !== 'MemberExpression') return '_';
  const object = chainOf(node.object);
  return node.computed === true ? object : `${object}.${nameOf(node.property)}`;
}

function nameOf(node: unknown): string {
  if (!isNode(node)) return '_';
  return typeof node.name === 'string' ? node.name : typeof node.value === 'string' ? node.value : '_';
}

function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (const field of Object.values(node)) {
    for (const child of Array.isArray(field) ? (field as unknown[]) : [field]) if (isNode(child)) walk(child, visit);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
