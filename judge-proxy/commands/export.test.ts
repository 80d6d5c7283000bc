/**
 * Contract of `npm run export`: the records of a ledger, while it is written, each once and in their order; a run goes on
 * where the last one ended and leaves nothing out, whatever ended it; a file is there whole or not at all; what is wrong
 * is said with the exit code of `--help`, and records nothing as handed over.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FORMATS } from '../exports/formats.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openReader } from '../ledger/reader.ts';
import { exportRecords } from './export.ts';
import { addJudged, sampleLedger, Terminal } from './review/review-rig.ts';

let folder: string;
let url: string;
let ledger: Ledger;
let place: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'export-'));
  url = `sqlite:${join(folder, 'ledger.db')}`;
  ledger = await sampleLedger(url);
});
afterAll(async () => {
  await ledger.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  place = mkdtempSync(join(folder, 'out-'));
});

async function run(args: readonly string[], signal = new AbortController().signal) {
  const [stdout, stderr] = [new Terminal(), new Terminal()];
  const code = await exportRecords(['--ledger', url, ...args], { stdout, stderr, env: {}, signal });
  return { code, stdout: await stdout.text(), stderr: await stderr.text() };
}

const lines = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('what is exported', () => {
  it('jsonl has every verdict, oldest first, as the ledger gives it', async () => {
    const reader = openReader(url);
    const stored = await reader.verdicts({ limit: 100, after_seq: 0 });
    await reader.close();
    const { code, stdout, stderr } = await run(['--format', 'jsonl']);
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(JSON.parse(JSON.stringify(stored)));
    expect(stderr).toMatch(/^\d+ records exported \(positions 1 to \d+\)\.\n$/);
  });

  it('exchanges are those that have ended, with both of their records; connections are the tunnels and refusals', async () => {
    const exchanges = lines((await run(['--format', 'jsonl', '--what', 'exchanges'])).stdout);
    const ids = exchanges.map((one) => (one.opened as { exchange_id: string }).exchange_id);
    expect(ids).toContain('exchange-recorded');
    expect(ids).not.toContain('exchange-open');
    for (const one of exchanges)
      expect(Object.keys(one)).toEqual(['opened_seq', 'completed_seq', 'opened', 'completed']);
    const connections = lines((await run(['--format', 'jsonl', '--what', 'connections'])).stdout);
    expect(connections.map((one) => one.connection_id)).toEqual(['connection-1', 'connection-2']);
  });

  it.each(FORMATS)('%s names the violation and nothing of the conversation beyond the verdict', async (format) => {
    const { code, stdout } = await run(['--format', format]);
    expect(code).toBe(0);
    expect(stdout).toContain('secrets_leaving');
    // Of the content that the ledger keeps beside its records.
    expect(stdout).not.toContain('Line one');
  });

  it('ocsf has findings; --all an activity for each exchange beside them, in the order of the ledger', async () => {
    const findings = lines((await run(['--format', 'ocsf'])).stdout);
    expect(findings.map((one) => one.class_uid)).toEqual(findings.map(() => 2004));
    const all = lines((await run(['--format', 'ocsf', '--all'])).stdout);
    expect(all.filter((one) => one.class_uid === 2004)).toEqual(findings);
    expect(all.filter((one) => one.class_uid === 6003).length).toBeGreaterThan(findings.length);
    const places = all.map((one) => (one.metadata as { sequence: number }).sequence);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const strict = lines((await run(['--format', 'ocsf', '--strict'])).stdout);
    for (const one of strict) expect(one).not.toHaveProperty('ai_model');
  });

  it.each([
    [['--label', 'violation'], ['exchange-leak']],
    [['--min-severity', 'high'], ['exchange-leak']],
    [['--min-severity', 'low', '--client', 'nobody'], []],
    [['--route', 'nowhere'], []],
    [['--until', '2001-01-01'], []],
  ])('filters by %j', async (args, ids) => {
    const { stdout } = await run(['--format', 'jsonl', ...args]);
    expect(lines(stdout).map((one) => one.exchange_id)).toEqual(ids);
  });

  it('--since takes what is of this time or later, --until what is before', async () => {
    const all = lines((await run(['--format', 'jsonl'])).stdout);
    const ts = String(all[0]?.ts);
    expect(lines((await run(['--format', 'jsonl', '--since', ts])).stdout)).toEqual(all);
    expect(lines((await run(['--format', 'jsonl', '--until', ts])).stdout)).toEqual([]);
  });
});

describe('going on', () => {
  it('takes what is new, once, and nothing when nothing is', async () => {
    const state = join(place, 'state.json');
    const first = lines((await run(['--format', 'jsonl', '--state', state])).stdout);
    const again = await run(['--format', 'jsonl', '--state', state]);
    expect(again.stdout).toBe('');
    expect(again.stderr).toMatch(/0 records exported \(nothing new after position/);
    await addJudged(ledger, `exchange-new-${place.slice(-6)}`, {});
    const later = lines((await run(['--format', 'jsonl', '--state', state])).stdout);
    expect(later).toHaveLength(1);
    const all = lines((await run(['--format', 'jsonl'])).stdout);
    expect(all).toEqual([...first, ...later]);
  });

  it('--after-seq takes what stands behind a position', async () => {
    const all = lines((await run(['--format', 'jsonl'])).stdout);
    const { stdout } = await run(['--format', 'jsonl', '--after-seq', String(all[0]?.seq)]);
    expect(lines(stdout)).toEqual(all.slice(1));
  });

  it('a run that is stopped, or cannot write, leaves the state as it was and no file', async () => {
    const state = join(place, 'state.json');
    await run(['--format', 'jsonl', '--state', state]);
    const before = readFileSync(state, 'utf8');
    await addJudged(ledger, `exchange-stopped-${place.slice(-6)}`, {});
    const stopped = new AbortController();
    stopped.abort('SIGTERM');
    const out = join(place, 'verdicts.jsonl.gz');
    const ended = await run(['--format', 'jsonl', '--state', state, '--out', out], stopped.signal);
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Stopped before the end/) });
    mkdirSync(`${out}.part`);
    expect(await run(['--format', 'jsonl', '--state', state, '--out', out])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be written \(EISDIR\)/),
    });
    rmSync(`${out}.part`, { recursive: true, force: true });
    expect(readFileSync(state, 'utf8')).toBe(before);
    expect(readdirSync(place)).toEqual(['state.json']);
    const { code } = await run(['--format', 'jsonl', '--state', state, '--out', out]);
    expect(code).toBe(0);
    expect(lines(gunzipSync(readFileSync(out)).toString())).toHaveLength(1);
  });

  it('is refused with other options or in another ledger, and says so', async () => {
    const state = join(place, 'state.json');
    await run(['--format', 'jsonl', '--state', state]);
    expect(await run(['--format', 'jsonl', '--label', 'violation', '--state', state])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/other options/),
    });
    const saved = JSON.parse(readFileSync(state, 'utf8')) as object;
    writeFileSync(state, JSON.stringify({ ...saved, hash: 'f'.repeat(64) }));
    expect(await run(['--format', 'jsonl', '--state', state])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/another ledger/),
    });
  });
});

describe('a file', () => {
  it.each(['verdicts.csv', 'verdicts.csv.gz'])(
    '%s holds what standard output would, for its owner alone',
    async (name) => {
      const out = join(place, name);
      const { stdout } = await run(['--format', 'csv']);
      const { code, stdout: nothing } = await run(['--format', 'csv', '--out', out]);
      expect([code, nothing]).toEqual([0, '']);
      const bytes = readFileSync(out);
      expect((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()).toBe(stdout);
      expect(statSync(out).mode & 0o077).toBe(0);
      expect(readdirSync(place)).toEqual([name]);
    },
  );

  it('that exists is left alone', async () => {
    const out = join(place, 'there.jsonl');
    writeFileSync(out, 'mine');
    expect(await run(['--format', 'jsonl', '--out', out])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/exists/),
    });
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  it('in a folder that is not there is an error', async () => {
    const out = join(place, 'none', 'x.jsonl');
    expect(await run(['--format', 'jsonl', '--out', out])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be written \(ENOENT\)/),
    });
    expect(existsSync(out)).toBe(false);
  });
});

describe('wrong arguments', () => {
  it.each([
    [[], /Say which --format/],
    [['--format', 'xml'], /--format takes one of/],
    [['--format', 'jsonl', '--what', 'notes'], /--what takes one of/],
    [['--format', 'ocsf', '--what', 'labels'], /formats jsonl and csv/],
    [['--format', 'hec', '--what', 'audit'], /formats jsonl and csv/],
    [['--format', 'csv', '--what', 'labels', '--client', 'a'], /neither --route nor --client/],
    [['--format', 'jsonl', '--what', 'audit', '--route', 'a'], /neither --route nor --client/],
    [['--format', 'csv', '--what', 'shadow_verdicts', '--label', 'clean'], /verdicts alone/],
    [['--format', 'jsonl', '--all'], /belong to --format ocsf/],
    [['--format', 'jsonl', '--strict'], /belong to --format ocsf/],
    [['--format', 'ocsf', '--what', 'connections'], /no calls of an API/],
    [['--format', 'ocsf', '--all', '--what', 'verdicts'], /--all or --what/],
    [['--format', 'ocsf', '--all', '--label', 'violation'], /verdicts alone/],
    [['--format', 'jsonl', '--what', 'exchanges', '--min-severity', 'low'], /verdicts alone/],
    [['--format', 'jsonl', '--min-severity', 'bad'], /--min-severity takes one of/],
    [['--format', 'jsonl', '--label', 'ok'], /--label takes one of/],
    [['--format', 'jsonl', '--since', 'soon'], /--since takes a time/],
    [['--format', 'jsonl', '--after-seq', '-1'], /--after-seq/],
    [['--format', 'jsonl', '--after-seq', 'x'], /--after-seq takes a position/],
    [['--format', 'jsonl', '--after-seq', '1', '--state', 'x'], /--state or --after-seq/],
    [['--format', 'jsonl', '--config', 'x'], /--ledger or --config/],
  ])('%j exits with 2 and writes nothing', async (args, words) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(words);
  });

  it('--help names every format, and a ledger that is not there is an error', async () => {
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    for (const format of FORMATS) expect(help.stdout).toContain(`--format ${format}`);
    const [stdout, stderr] = [new Terminal(), new Terminal()];
    const io = { stdout, stderr, env: {}, signal: new AbortController().signal };
    expect(await exportRecords(['--format', 'csv', '--ledger', 'sqlite:none.db'], io)).toBe(1);
    expect(await stderr.text()).toMatch(/does not exist/);
    stdout.end();
  });
});

describe('a ledger that somebody changed', () => {
  it.each([
    ['connections', 'connection'],
    ['verdicts', 'verdict'],
    ['exchanges', 'exchange_completed'],
  ])('ends the export of %s at the record, with its position', async (what, kind) => {
    const file = join(place, 'ledger.db');
    const changed = await sampleLedger(`sqlite:${file}`);
    await changed.close();
    const db = new DatabaseSync(file);
    db.exec('DROP TRIGGER records_no_update');
    const seq = Number(db.prepare('SELECT min(seq) AS seq FROM records WHERE kind = ?').get(kind)?.seq);
    db.prepare("UPDATE records SET body = '[' WHERE seq = ?").run(seq);
    db.close();
    const [stdout, stderr] = [new Terminal(), new Terminal()];
    const io = { stdout, stderr, env: {}, signal: new AbortController().signal };
    const args = ['--format', 'jsonl', '--what', what, '--ledger', `sqlite:${file}`];
    expect(await exportRecords(args, io)).toBe(1);
    expect(await stderr.text()).toContain(`Record ${seq} of the ledger cannot be read`);
    expect(await stdout.text()).toBe('');
  });
});
