/**
 * Contract of the formats: any record of the ledger maps, into whole lines and nothing outside of them, the same each
 * time; what traffic wrote stays inside its field, in every format; a spreadsheet takes none of it for a formula.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CriterionVerdict } from '../ledger/records.ts';
import { sampleCompleted, sampleConnection, sampleOpened, sampleVerdict } from '../ledger/sample-records.ts';
import { csvLine } from './csv.ts';
import { csvColumns } from './csv-columns.ts';
import { FORMATS, type Format, header, lineOf } from './formats.ts';
import { type Item, SUBJECTS, type VerdictItem } from './record.ts';
import { anyItem } from './testing/arbitrary-items.ts';
import { readCsv } from './testing/read-csv.ts';

const JSON_FORMATS = FORMATS.filter((format) => format !== 'csv');
const options = (format: Format) => ({ format, strict: false });

function verdictItem(changes: Parameters<typeof sampleVerdict>[1] = {}): VerdictItem {
  const record = { ...sampleVerdict('e1', changes), seq: 7, prev_hash: 'a'.repeat(64), hash: 'b'.repeat(64) };
  return { subject: 'verdicts', seq: 7, record, opened: sampleOpened('e1'), completed: sampleCompleted('e1') };
}

const parsed = (line: string) => JSON.parse(line) as Record<string, unknown>;

describe('every record of the ledger', () => {
  it.each(JSON_FORMATS)('is one line of JSON, or none, as %s', (format) => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const line = lineOf(item, options(format));
        if (line === '') return format === 'ocsf';
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect([...line.slice(0, -1)].every((char) => char >= ' ')).toBe(true);
        parsed(line);
        return lineOf(item, options(format)) === line;
      }),
    );
  });

  it('is unchanged in jsonl', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const text = JSON.stringify(item.record, (_key, value) =>
          typeof value === 'string' ? value.toWellFormed() : value,
        );
        expect(parsed(lineOf(item, options('jsonl')))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['\ud800 high', '\ufffd high'],
    ['low \udfff', 'low \ufffd'],
    ['\\ud800 as letters', '\\ud800 as letters'],
    ['\ud83d\ude00', '\ud83d\ude00'],
  ])('is JSON that strict readers take: %j is %j', (written, read) => {
    const line = lineOf(verdictItem({ latest_user_message: written }), options('jsonl'));
    expect(parsed(line).latest_user_message).toBe(read);
  });

  it('is one row of as many fields as there are columns in csv, and no field begins like a formula', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const rows = readCsv(header('csv', item.subject) + lineOf(item, options('csv')));
        const names = csvColumns(item.subject);
        expect(rows).toHaveLength(2);
        expect(rows[0]).toEqual(names);
        expect(rows[1]).toHaveLength(names.length);
        for (const field of rows[1] ?? [])
          expect(field).not.toMatch(/^[=+@\t\r\n＝＋－＠]|^-(?!\d+(\.\d+)?(e[+-]?\d+)?$)/);
      }),
    );
  });
});

/** As docs/exports.md tells how to get a text back. */
function asWritten(field: string): string {
  return field.replace(/^'(?='*[\t\r\n])/, '').replaceAll(/(?<=(?:^|[;|\t\r\n])[ "]*)'(?='*[=+\-@＝＋－＠])/g, '');
}

describe('csv', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
    ['two words', '"two words"'],
    ['=1+1', '"\'=1+1"'],
    ['+1', '"\'+1"'],
    ['-1', '"\'-1"'],
    ['@SUM(A1)', '"\'@SUM(A1)"'],
    [' =1', '" \'=1"'],
    ["'=1", '"\'\'=1"'],
    ['\t=1', '"\'\t\'=1"'],
    ['\r=1', '"\'\r\'=1"'],
    ['a;=1', '"a;\'=1"'],
    ['a; "=1', '"a; ""\'=1"'],
    ['a|-1', '"a|\'-1"'],
    ['- one\n- two', '"\'- one\n\'- two"'],
    ['1 - 1 = 0, -1', '"1 - 1 = 0, -1"'],
    ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
    ['\u0000\u001b[31m', '"\ufffd\ufffd[31m"'],
    ['', ''],
    [null, ''],
    [0, '0'],
    [-1.5, '-1.5'],
    [true, 'true'],
  ])('writes %j as %j', (cell, field) => {
    expect(csvLine([cell, 'x'])).toBe(`${field},x\r\n`);
  });

  it('has no beginning of a formula for a reader of other separators, and every text can be got back', () => {
    const text = fc
      .array(fc.constantFrom(...'=+-@＝；;|\t\r\n\'", a1'), { maxLength: 12 })
      .map((letters) => letters.join(''));
    fc.assert(
      fc.property(text, (cell) => {
        const line = csvLine([cell, 'x']);
        const [[field = ''] = []] = readCsv(line);
        expect(asWritten(field)).toBe(cell);
        // As somebody reads it who knows neither quotes nor our separator.
        for (const piece of line.split(/[;|\t\r\n]/)) expect(piece).not.toMatch(/^[ "]*[=+\-@＝＋－＠]/);
      }),
    );
  });

  it('takes no time that grows with the square of a text', () => {
    for (const run of [' ', "'", '"', ';', '=', '; ', ";'"]) {
      const long = run.repeat(200_000);
      expect(csvLine([`${long}=`]).length).toBeGreaterThan(long.length);
    }
  });

  it('names no column twice', () => {
    for (const subject of SUBJECTS) expect(new Set(csvColumns(subject)).size).toBe(csvColumns(subject).length);
  });

  it('flattens what is nested', () => {
    const item = verdictItem({
      overall: { label: 'violation', severity: 'high', score: 0.5 },
      coverage: { level: 'partial', reasons: ['opaque_content', 'too_deep'] },
      criteria: [
        { id: 'a', score: 2, threshold: 2, label: 'violation', severity: 'high', evidence: [], explanation: '=x' },
        { id: 'b', score: 0, threshold: 1, label: 'pass', severity: 'low', evidence: [], explanation: '' },
      ],
      rule_hits: [{ rule: 'secrets', version: '1', place: 'p', preview: 'AWS key, 20', severity: 'high' }],
    });
    const [, row = []] = readCsv(header('csv', 'verdicts') + lineOf(item, options('csv')));
    const fields = Object.fromEntries(csvColumns('verdicts').map((name, index) => [name, row[index]]));
    expect(fields).toMatchObject({
      overall_label: 'violation',
      overall_severity: 'high',
      coverage_reasons: 'opaque_content;too_deep',
      violated: 'a;secrets',
      criteria_scores: 'a=2;b=0',
      rules: 'secrets',
      judge_name: 'default',
      judge_tokens_in: '500',
    });
  });
});

describe('otlp', () => {
  const criteria: CriterionVerdict[] = [
    {
      ...{ id: 'data_leak', score: 3, threshold: 2, label: 'violation', severity: 'high' },
      ...{ evidence: [{ place: 'request.messages[0].content', quote: 'q' }], explanation: 'why' },
    },
  ];

  interface Told {
    readonly eventName: string;
    readonly severityNumber: number;
    readonly timeUnixNano: string;
    readonly attributes: readonly { readonly key: string; readonly value: object }[];
  }

  function records(item: Item) {
    const { resourceLogs } = JSON.parse(lineOf(item, options('otlp'))) as {
      resourceLogs: { scopeLogs: { logRecords: Told[] }[] }[];
    };
    return (resourceLogs[0]?.scopeLogs[0]?.logRecords ?? []).map((told) => ({
      ...told,
      attrs: Object.fromEntries(told.attributes.map(({ key, value }) => [key, value])),
    }));
  }

  it('is one gen_ai.evaluation.result for each criterion, and one for the whole', () => {
    const item = verdictItem({ criteria, overall: { label: 'violation', severity: 'high', score: 0.75 } });
    const [first, whole, ...more] = records({
      ...item,
      completed: sampleCompleted('e1', { response_id: 'resp_1' }),
    });
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      eventName: 'gen_ai.evaluation.result',
      severityNumber: 17,
      attrs: {
        'gen_ai.evaluation.name': { stringValue: 'data_leak' },
        'gen_ai.evaluation.score.value': { doubleValue: 3 },
        'gen_ai.evaluation.score.label': { stringValue: 'violation' },
        'gen_ai.evaluation.explanation': { stringValue: 'why' },
        'gen_ai.response.id': { stringValue: 'resp_1' },
        'gen_ai.provider.name': { stringValue: 'openai' },
        'gen_ai.usage.input_tokens': { intValue: '12' },
      },
    });
    expect(whole?.attrs).toMatchObject({
      'gen_ai.evaluation.name': { stringValue: 'overall' },
      'gen_ai.evaluation.score.value': { doubleValue: 0.75 },
    });
    expect(whole?.attrs).not.toHaveProperty(['error.type']);
    expect(whole?.timeUnixNano).toBe(`${BigInt(Date.parse(item.record.ts)) * 1_000_000n}`);
  });

  it('a failed judge is an event with its failure as error, and never a pass', () => {
    const [whole, ...more] = records(
      verdictItem({
        state: 'timeout',
        decided_by: 'fallback',
        coverage: { level: 'partial', reasons: ['model_failed'] },
        overall: { label: 'undetermined', severity: 'medium', score: null },
      }),
    );
    expect(more).toEqual([]);
    expect(whole?.attrs).toMatchObject({
      'error.type': { stringValue: 'timeout' },
      'gen_ai.evaluation.score.label': { stringValue: 'undetermined' },
    });
    expect(whole?.attrs).not.toHaveProperty(['gen_ai.evaluation.score.value']);
  });
});

describe('elastic', () => {
  it.each([
    ['allowed', 'NONE', 'info'],
    ['would_block', 'DETECTED', 'info'],
    ['blocked', 'BLOCKED', 'denied'],
    ['cut', 'BLOCKED', 'denied'],
  ] as const)('a violation that was %s has the policy action %s', (action, policy, type) => {
    const item = verdictItem({
      ...{ action, decided_by: 'rule', overall: { label: 'violation', severity: 'critical', score: null } },
      rule_hits: [{ rule: 'secrets', version: '1', place: 'p', preview: 'x', severity: 'critical' }],
    });
    expect(parsed(lineOf(item, options('elastic')))).toMatchObject({
      event: { id: item.record.verdict_id, kind: 'alert', type: [type], severity: 99, outcome: 'failure' },
      gen_ai: {
        policy: { action: [policy], name: ['default'], violation: true, confidence: ['HIGH'] },
        compliance: { violation_detected: true, violation_code: ['secrets'] },
      },
      user: { id: 'team-a' },
    });
  });

  it('a clean verdict is an event, a connection tells its refusal', () => {
    const clean = parsed(lineOf(verdictItem(), options('elastic')));
    expect(clean).toMatchObject({ event: { kind: 'event', type: ['allowed'], outcome: 'success' } });
    const record = { ...sampleConnection('c1', { action: 'deny', error_code: 'route_denied' }), seq: 3 };
    expect(parsed(lineOf({ subject: 'connections', seq: 3, record }, options('elastic')))).toMatchObject({
      event: { type: ['connection', 'denied'], outcome: 'failure' },
      error: { code: 'route_denied' },
    });
  });
});

describe('hec', () => {
  it('has the record as event, its time in seconds, and flat texts as fields', () => {
    const item = verdictItem();
    const event = parsed(lineOf(item, options('hec')));
    expect(event).toMatchObject({ time: Date.parse(item.record.ts) / 1_000, sourcetype: 'judge_proxy:verdict' });
    expect(event.event).toEqual(item.record);
    fc.assert(
      fc.property(anyItem, (any) => {
        const { fields } = parsed(lineOf(any, options('hec')));
        for (const value of Object.values(fields as object)) expect(typeof value).toBe('string');
      }),
    );
  });
});
