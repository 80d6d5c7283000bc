/** Labelled pairs: one JSON object a line. test/data/README.md describes the format for people. */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { findApi } from '../../apis/registry.ts';
import type { JudgeInput } from '../../judge/input.ts';
import { CommandError } from '../command.ts';
import { inputSchema } from './input-schema.ts';
import { expandValue } from './synthetic.ts';

export type Label = 'violation' | 'pass';

/** A pair as it went over the wire, or the document that a judge saw of it. */
export type PairSource =
  | {
      readonly kind: 'wire';
      /** Path that a wire format reads, e.g. `/v1/chat/completions`. */
      readonly path: string;
      readonly status: number;
      readonly request: unknown;
      /** Text: an event stream as it was sent. Anything else: the JSON body. */
      readonly response: unknown;
    }
  | { readonly kind: 'input'; readonly input: JudgeInput };

export interface Pair {
  readonly id: string;
  /** Pairs of one group hang together: a violating one and its benign twin. */
  readonly group: string;
  /** By criterion. Criteria that are not listed are not counted. */
  readonly labels: Readonly<Record<string, Label>>;
  readonly source: PairSource;
}

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/);

const common = {
  id,
  twin: id.optional(),
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/), z.enum(['violation', 'pass']))
    .refine((labels) => Object.keys(labels).length > 0, 'at least one criterion must have a label'),
  /** For people: what the pair is about, its language, and why it has these labels. */
  criterion: z.string().optional(),
  language: z.string().optional(),
  why: z.string().optional(),
};

const lineSchema = z.union([
  z.strictObject({
    ...common,
    path: z.string().refine((path) => findApi('POST', path) !== null, 'no wire format reads this path'),
    status: z.int().min(100).max(599).default(200),
    request: z.record(z.string(), z.unknown()),
    response: z.union([z.string(), z.record(z.string(), z.unknown())]),
  }),
  z.strictObject({ ...common, input: inputSchema }),
]);

/**
 * Reads a file of labelled pairs; placeholders for made-up secrets are filled in.
 * @throws {CommandError} with line and cause
 */
export async function readPairs(file: string): Promise<Pair[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`);
  }
  return parsePairs(text, file);
}

/** The same for text that is at hand. `file` is shown in messages. */
export function parsePairs(text: string, file: string): Pair[] {
  const pairs: Pair[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const pair = parseLine(line, `${file}:${index + 1}`);
    const before = lineOf.get(pair.id);
    if (before !== undefined) {
      throw new CommandError(`${file}:${index + 1}: the id ${pair.id} stands in line ${before} already.`);
    }
    lineOf.set(pair.id, index + 1);
    pairs.push(pair);
  }
  if (pairs.length === 0) throw new CommandError(`${file} has no pairs.`);
  return pairs;
}

function parseLine(line: string, at: string): Pair {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new CommandError(`${at}: this line is no JSON.`);
  }
  try {
    value = expandValue(value);
  } catch (error) {
    throw new CommandError(`${at}: ${(error as Error).message}.`);
  }
  // A union says of its branches only that none fits: the branch that was meant says what is wrong.
  const meant = lineSchema.options[typeof value === 'object' && value !== null && 'input' in value ? 1 : 0];
  const result = (meant ?? lineSchema).safeParse(value);
  if (!result.success) throw new CommandError(`${at}: ${problem(result.error)}.`);
  return pairOf(result.data);
}

function problem(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return 'this is no labelled pair';
  const path = first.path.map(String).join('.');
  return path === '' ? first.message : `${path}: ${first.message}`;
}

function pairOf(line: z.output<typeof lineSchema>): Pair {
  const group = line.twin === undefined || line.id < line.twin ? line.id : line.twin;
  const source: PairSource =
    'input' in line
      ? { kind: 'input', input: line.input }
      : { kind: 'wire', path: line.path, status: line.status, request: line.request, response: line.response };
  return { id: line.id, group, labels: line.labels, source };
}
