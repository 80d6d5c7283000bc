// biome-ignore-all lint/suspicious/noControlCharactersInRegex: hostile text is what is tested
/**
 * Contract: what is written is one JSON object a line, with listed fields only, at the level that was set. Nothing that
 * traffic brings can add a line, a field or a terminal command.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog, type LogFields, type LogLevel, type LogOptions } from './log.ts';

function recording(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  const log = createLog({
    level: 'debug',
    format: 'json',
    verdictFields: ['verdict_id', 'overall', 'latest_user_message'],
    stream,
    ...options,
  });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** Fields as a caller could pass them who had left the types. */
function untyped(fields: object): LogFields {
  return fields as LogFields;
}

describe('levels', () => {
  const LEVELS: LogLevel[] = ['debug', 'info', 'warn', 'error'];

  test.each<[LogOptions['level'], LogLevel[]]>([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ])('at %s, exactly its levels are written', (level, expected) => {
    const { log, parsed } = recording({ level });
    for (const each of LEVELS) log.write(each, 'event');
    expect(parsed().map((line) => line.level)).toEqual(expected);
  });

  test.each<[LogOptions['level'], number]>([
    ['info', 1],
    ['error', 1],
    ['silent', 0],
  ])('checkpoints are written at %s, too: a ledger is held to them', (level, count) => {
    const { log, parsed } = recording({ level });
    log.write('info', 'checkpoint', { size: 7 });
    expect(parsed()).toHaveLength(count);
    expect(parsed().every((line) => line.level === 'info' && line.size === 7)).toBe(true);
  });

  test('verdicts are lines of level info', () => {
    const loud = recording({ level: 'info' });
    loud.log.verdict({ verdict_id: 'v' });
    expect(loud.parsed()).toMatchObject([{ level: 'info', event: 'verdict', verdict_id: 'v' }]);
    const quiet = recording({ level: 'warn' });
    quiet.log.verdict({ verdict_id: 'v' });
    expect(quiet.lines).toEqual([]);
  });
});

describe('fields', () => {
  test('a line has level, time, event and what was listed', () => {
    const { log, parsed } = recording();
    log.write('info', 'refused', { code: 'route_denied', host: 'a.example', port: 443 });
    expect(parsed()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        event: 'refused',
        code: 'route_denied',
        host: 'a.example',
        port: 443,
      },
    ]);
  });

  test('what is not listed appears nowhere', () => {
    const { log, lines } = recording();
    log.write(
      'info',
      'event',
      untyped({
        host: 'a',
        authorization: 'planted',
        headers: { cookie: 'planted' },
        body: 'planted',
        err: new Error('planted'),
      }),
    );
    log.verdict({ verdict_id: 'v', headers: 'planted', constructor: 'planted' });
    expect(lines.join('')).not.toContain('planted');
  });

  test('a listed field takes text and numbers only: an object could carry anything', () => {
    const { log, parsed } = recording();
    log.write(
      'info',
      'event',
      untyped({ host: { toJSON: () => 'planted' }, reason: ['planted'], code: null, cause: undefined, port: 1 }),
    );
    expect(Object.keys(parsed()[0] ?? {}).sort()).toEqual(['event', 'level', 'port', 'time']);
  });

  test('a listed field is bounded', () => {
    const { log, parsed } = recording();
    log.write('info', 'event', { host: 'a'.repeat(100_000) });
    expect(parsed()[0]?.host).toBe('a'.repeat(512));
  });

  test('a verdict keeps the values of its fields whole', () => {
    const { log, parsed } = recording();
    const overall = { label: 'violation', severity: 'high', score: 0.9 };
    log.verdict({ latest_user_message: 'x'.repeat(5_000), overall, verdict_id: 'v' });
    expect(parsed()[0]).toMatchObject({ latest_user_message: 'x'.repeat(5_000), overall });
  });
});

describe('forging', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\r\n\u0085\u2028\u2029\u001b[\]{}",:a-z\u0000\u009b\u202e\u2066]{0,40}$/),
  );
  // Line breaks to any reader (Unicode's and Python's), controls, and marks that turn the direction of text.
  const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

  test('whatever stands in a field, it is one line of JSON with that value', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { log, lines, parsed } = recording();
        log.write('info', 'event', { host: text });
        log.verdict({ latest_user_message: text });
        expect(lines).toHaveLength(2);
        for (const line of lines) {
          expect(line.indexOf('\n')).toBe(line.length - 1);
          expect(line).not.toMatch(UNSAFE);
        }
        // Lone surrogates are no text: JSON escapes them and they come back as they were.
        expect(parsed()[0]?.host).toBe(text);
        expect(parsed()[1]?.latest_user_message).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('lines for people cannot be forged either', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { log, lines } = recording({ format: 'pretty' });
        log.write('info', 'event', { host: text });
        log.verdict({ latest_user_message: text });
        for (const line of lines) {
          expect(line.indexOf('\n')).toBe(line.length - 1);
          expect(line).not.toMatch(UNSAFE);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('lines for people say level and event', () => {
    const { log, lines } = recording({ format: 'pretty' });
    log.write('warn', 'refused', { code: 'route_denied' });
    expect(lines[0]).toMatch(/^\[[\d:.]+\] WARN: refused \{"code":"route_denied"\}\n$/);
  });
});

describe('standard output', () => {
  const script = (body: string) => `
    const { createLog } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)});
    const log = createLog({ level: 'info', format: 'json', verdictFields: [] });
    for (let i = 0; i < 1000; i += 1) log.write('info', 'event', { count: i });
    ${body}`;

  test.each([
    ['process.exit(0)', 0],
    ['process.exitCode = 3', 3],
    ['process.kill(process.pid, "SIGKILL")', null],
  ])('no line is lost at %s', async (end, code) => {
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(end)]);
    const result = await child.catch((error: { stdout: string; code: number | null }) => error);
    expect('code' in result ? result.code : 0).toBe(code);
    const counts = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).count);
    expect(counts).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  test('a reader that went away does not end the program', async () => {
    const body =
      'process.stdin.once("end", () => { log.write("info", "event"); log.flush(); process.stderr.write("alive"); }).resume();';
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(body)]);
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    const closed = new Promise<number | null>((done) => child.once('close', done));
    child.stdout.once('data', () => {
      child.stdout.destroy();
      child.stdin.end();
    });
    expect([await closed, Buffer.concat(errors).toString()]).toEqual([0, 'alive']);
  });

  test('a full disk behind it does not end the program, nor keep it from ending', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', script('log.flush(); console.error("alive")')],
      {
        stdio: ['ignore', full, 'pipe'],
        timeout: 20_000,
      },
    );
    closeSync(full);
    const errors: Buffer[] = [];
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
    const [code] = await once(child, 'close');
    expect([code, Buffer.concat(errors).toString()]).toEqual([0, 'alive\n']);
  });
});
