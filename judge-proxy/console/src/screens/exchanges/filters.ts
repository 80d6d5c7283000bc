/** The filters of the list, as people read them. The address holds them as the API takes them. */

import type { exchangeFilter } from '../../../../contract/requests.ts';
import { HUMAN_LABELS } from '../../../../ledger/acts.ts';
import { COVERAGE_REASONS, JUDGE_STATES, MODES } from '../../../../ledger/records.ts';
import type { SearchOf } from '../../app/search.ts';
import { formatTime } from '../../shared/format.ts';
import { ACTIONS_TAKEN, DECIDED, HUMAN, MODES_IN_WORDS, OUTCOMES, REASONS, STATES } from '../../shared/words.ts';

export type ListFilter = SearchOf<typeof exchangeFilter>;
export type FilterKey = keyof ListFilter;

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export type FilterField =
  | { readonly key: FilterKey; readonly label: string; readonly choices: readonly Choice[] }
  | { readonly key: FilterKey; readonly label: string; readonly text: string };

const words = <K extends string>(of: Readonly<Record<K, { label: string }>>, keys: readonly K[]): Choice[] =>
  keys.map((value) => ({ value, label: of[value].label }));
const keysOf = <K extends string>(of: Readonly<Record<K, unknown>>) => Object.keys(of) as K[];

/** Shown always: what reviewers filter by first. */
export const MAIN_FIELDS: readonly FilterField[] = [
  {
    key: 'label',
    label: 'Verdict',
    choices: [
      { value: 'violation', label: 'Violation' },
      { value: 'undetermined', label: 'Undetermined' },
      { value: 'clean', label: 'Clean' },
    ],
  },
  {
    key: 'min_severity',
    label: 'Severity',
    choices: [
      { value: 'critical', label: 'Critical' },
      { value: 'high', label: 'High and above' },
      { value: 'medium', label: 'Medium and above' },
      { value: 'low', label: 'Low and above' },
    ],
  },
  { key: 'action', label: 'Action', choices: words(ACTIONS_TAKEN, keysOf(ACTIONS_TAKEN)) },
  {
    key: 'coverage',
    label: 'Coverage',
    choices: [
      { value: 'none', label: 'Not judged' },
      { value: 'partial', label: 'Judged in part' },
      { value: 'full', label: 'Judged in full' },
    ],
  },
];

export const MORE_FIELDS: readonly FilterField[] = [
  { key: 'client', label: 'Client', text: 'Name of the client' },
  { key: 'route', label: 'Route', text: 'Name of the route' },
  { key: 'host', label: 'Host', text: 'api.openai.com' },
  { key: 'model', label: 'Model', text: 'gpt-5' },
  { key: 'reason', label: 'Why not in full', choices: words(REASONS, COVERAGE_REASONS) },
  { key: 'state', label: 'How the judging went', choices: words(STATES, JUDGE_STATES) },
  { key: 'decided_by', label: 'Decided by', choices: words(DECIDED, keysOf(DECIDED)) },
  { key: 'mode', label: 'Mode', choices: words(MODES_IN_WORDS, MODES) },
  { key: 'outcome', label: 'Outcome', choices: words(OUTCOMES, keysOf(OUTCOMES)) },
  {
    key: 'judged',
    label: 'Verdict at all',
    choices: [
      { value: 'true', label: 'With a verdict' },
      { value: 'false', label: 'Without a verdict' },
    ],
  },
  {
    key: 'human_label',
    label: 'Labelled by people',
    choices: [
      { value: 'none', label: 'By nobody' },
      { value: 'any', label: 'By somebody' },
      ...HUMAN_LABELS.map((value) => ({ value, label: HUMAN[value].label })),
    ],
  },
  { key: 'judge', label: 'Judge', text: 'Name of the judge' },
  { key: 'api', label: 'API', text: 'openai.responses' },
];

const FIELDS = new Map([...MAIN_FIELDS, ...MORE_FIELDS].map((field) => [field.key, field]));

/** A filter that is set, in words: `Coverage: Not judged`. */
export function inWords(key: FilterKey, value: string): string {
  if (key === 'since') return `From ${formatTime(value)}`;
  if (key === 'until') return `Before ${formatTime(value)}`;
  if (key === 'judge_hash') return `Judge version ${value.slice(0, 8)}`;
  const field = FIELDS.get(key);
  if (field === undefined) return `${key}: ${value}`;
  const shown = 'choices' in field ? (field.choices.find((choice) => choice.value === value)?.label ?? value) : value;
  return `${field.label}: ${shown}`;
}

/** The filter with one field changed; null takes it away. */
export function withField(filter: ListFilter, key: FilterKey, value: string | null): ListFilter {
  const { [key]: _gone, ...rest } = filter;
  return (value === null || value === '' ? rest : { ...rest, [key]: value }) as ListFilter;
}

/** Whether new exchanges can be followed: not those of a search, of one label of people, nor of a time that has ended. */
export function canFollow(filter: ListFilter): boolean {
  const { human_label } = filter;
  if (human_label !== undefined && human_label !== 'none' && human_label !== 'any') return false;
  return filter.q === undefined && (filter.until === undefined || Date.parse(filter.until) > Date.now());
}
