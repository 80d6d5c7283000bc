/**
 * Going through a queue, as a pure machine: an event in, the next state and what is to be asked of the server out. A label
 * shows at once and is `sending` until the ledger has it; when that fails the item is unlabelled again, its note is kept,
 * and the problem is said. Where the reviewer stands never moves by itself: the next key is meant for what is on the screen.
 */

import type { HumanLabel, QueueName } from '../../../../ledger/acts.ts';
import type { QueueItem } from '../../../../ledger/read-model/rows.ts';

/** `sending`: not yet in the ledger. `undo`: the same, and to be withdrawn as soon as it is. */
export type Phase = 'sending' | 'kept' | 'undo' | 'withdrawing';

export interface GivenLabel {
  /** Number of this act within the session. */
  readonly act: number;
  readonly label: HumanLabel;
  readonly phase: Phase;
  /** null until the ledger has it. */
  readonly labelId: string | null;
  /** What stood before, and stands again when this one fails. */
  readonly before: GivenLabel | null;
}

export interface TriageProblem {
  readonly exchangeId: string;
  readonly what: 'label' | 'withdraw';
  readonly text: string;
}

export interface TriageState {
  readonly queue: QueueName;
  readonly blind: boolean;
  readonly items: readonly QueueItem[];
  /** Cursor of what comes after the items; null when that is nothing. */
  readonly next: string | null;
  readonly loading: boolean;
  readonly loadProblem: string | null;
  /** Index of the item that is shown; as many as there are items: the end. */
  readonly at: number;
  readonly given: ReadonlyMap<string, GivenLabel>;
  /** Acts that can be undone, the latest last. */
  readonly history: readonly { readonly act: number; readonly exchangeId: string }[];
  readonly notes: ReadonlyMap<string, string>;
  /** Items whose verdict the reviewer asked to see after labelling it blind. */
  readonly revealed: ReadonlySet<string>;
  readonly problems: readonly TriageProblem[];
  readonly acts: number;
}

export type TriageEvent =
  | { readonly kind: 'loaded'; readonly items: readonly QueueItem[]; readonly next: string | null }
  | { readonly kind: 'load_failed'; readonly text: string }
  | { readonly kind: 'load_again' }
  | { readonly kind: 'moved'; readonly by: 1 | -1 }
  | { readonly kind: 'went_to'; readonly exchangeId: string }
  | { readonly kind: 'chose'; readonly label: HumanLabel }
  | { readonly kind: 'kept'; readonly exchangeId: string; readonly act: number; readonly labelId: string }
  | { readonly kind: 'failed'; readonly exchangeId: string; readonly act: number; readonly text: string }
  | { readonly kind: 'undid' }
  | { readonly kind: 'withdrawn'; readonly exchangeId: string; readonly act: number }
  | { readonly kind: 'withdraw_failed'; readonly exchangeId: string; readonly act: number; readonly text: string }
  | { readonly kind: 'wrote'; readonly exchangeId: string; readonly text: string }
  | { readonly kind: 'note_done'; readonly exchangeId: string }
  /** Labelled together with others, and in the ledger already. */
  | { readonly kind: 'labelled_together'; readonly label: HumanLabel; readonly labels: ReadonlyMap<string, string> }
  | { readonly kind: 'asked_verdict' }
  | { readonly kind: 'problem_read'; readonly exchangeId: string };

export type TriageCommand =
  | { readonly kind: 'load'; readonly cursor: string | null }
  | {
      readonly kind: 'label';
      readonly exchangeId: string;
      readonly act: number;
      readonly label: HumanLabel;
      readonly note: string | null;
    }
  | { readonly kind: 'withdraw'; readonly exchangeId: string; readonly act: number; readonly labelId: string };

export interface Step {
  readonly state: TriageState;
  readonly commands: readonly TriageCommand[];
}

/** More is asked for when so few items are left. */
const LOAD_AHEAD = 8;

export function startTriage(queue: QueueName, blind: boolean): Step {
  const state: TriageState = {
    ...{ queue, blind, items: [], next: null, loading: true, loadProblem: null, at: 0, given: new Map() },
    ...{ history: [], notes: new Map(), revealed: new Set(), problems: [], acts: 0 },
  };
  return { state, commands: [{ kind: 'load', cursor: null }] };
}

export function step(state: TriageState, event: TriageEvent): Step {
  switch (event.kind) {
    case 'loaded':
      return ahead(withItems(state, event.items, event.next));
    case 'load_failed':
      return only({ ...state, loading: false, loadProblem: event.text });
    case 'load_again':
      return state.loading ? only(state) : load(state);
    case 'moved':
      return ahead({ ...state, at: within(state.at + event.by, state) });
    case 'went_to': {
      const at = state.items.findIndex(({ exchange }) => exchange.exchange_id === event.exchangeId);
      return only(at < 0 ? state : withoutProblem({ ...state, at }, event.exchangeId));
    }
    case 'chose':
      return choose(state, event.label);
    case 'kept':
      return kept(state, event.exchangeId, event.act, event.labelId);
    case 'failed':
      return only(failed(state, event.exchangeId, event.act, event.text));
    case 'undid':
      return undo(state);
    case 'withdrawn':
      return only(gone(state, event.exchangeId, event.act));
    case 'withdraw_failed':
      return only(
        withProblem(
          changed(state, event.exchangeId, event.act, (given) => ({ ...given, phase: 'kept' })),
          { exchangeId: event.exchangeId, what: 'withdraw', text: event.text },
        ),
      );
    case 'wrote':
      return only({ ...state, notes: new Map(state.notes).set(event.exchangeId, event.text) });
    case 'note_done':
      return noteDone(state, event.exchangeId);
    case 'labelled_together':
      return only(together(state, event.label, event.labels));
    case 'asked_verdict': {
      const id = current(state)?.exchange.exchange_id;
      const may = id !== undefined && state.blind && state.given.get(id)?.phase === 'kept';
      return only(may ? { ...state, revealed: new Set(state.revealed).add(id) } : state);
    }
    case 'problem_read':
      return only(withoutProblem(state, event.exchangeId));
    default:
      return event satisfies never;
  }
}

/** The item on the screen, undefined at the end. */
export function current(state: TriageState): QueueItem | undefined {
  return state.items[state.at];
}

/** Labels that are on their way: leaving the page now would not say whether they arrived. */
export function onTheWay(state: TriageState): number {
  return [...state.given.values()].filter(({ phase }) => phase !== 'kept').length;
}

/** How many items of this session have a label. */
export function done(state: TriageState): number {
  return state.items.filter(({ exchange }) => state.given.has(exchange.exchange_id)).length;
}

const only = (state: TriageState): Step => ({ state, commands: [] });

function within(at: number, state: TriageState): number {
  return Math.min(Math.max(at, 0), state.items.length);
}

/** A queue changes while it is read: what is there already comes no second time. */
function withItems(state: TriageState, items: readonly QueueItem[], next: string | null): TriageState {
  const known = new Set(state.items.map(({ exchange }) => exchange.exchange_id));
  const fresh = items.filter(({ exchange }) => !known.has(exchange.exchange_id));
  return { ...state, items: [...state.items, ...fresh], next, loading: false, loadProblem: null };
}

function load(state: TriageState): Step {
  return { state: { ...state, loading: true, loadProblem: null }, commands: [{ kind: 'load', cursor: state.next }] };
}

function ahead(state: TriageState): Step {
  const enough = state.items.length - state.at > LOAD_AHEAD;
  return state.loading || state.next === null || enough || state.loadProblem !== null ? only(state) : load(state);
}

function choose(state: TriageState, label: HumanLabel): Step {
  const item = current(state);
  if (item === undefined) return only(state);
  const sent = send(state, item.exchange.exchange_id, label);
  const moved = ahead({ ...sent.state, at: within(state.at + 1, state) });
  return { state: moved.state, commands: [...sent.commands, ...moved.commands] };
}

function send(state: TriageState, exchangeId: string, label: HumanLabel): Step {
  const act = state.acts + 1;
  const was = state.given.get(exchangeId) ?? null;
  // The new label replaces the old one, so that there is nothing left to withdraw.
  const before = was?.phase === 'undo' ? { ...was, phase: 'sending' as const } : was;
  const given = new Map(state.given).set(exchangeId, { act, label, phase: 'sending', labelId: null, before });
  const history = [...state.history, { act, exchangeId }];
  const note = state.notes.get(exchangeId)?.trim() || null;
  const next = withoutProblem({ ...state, given, history, acts: act }, exchangeId);
  return { state: next, commands: [{ kind: 'label', exchangeId, act, label, note }] };
}

function kept(state: TriageState, exchangeId: string, act: number, labelId: string): Step {
  const next = changed(state, exchangeId, act, (given) => ({
    ...given,
    labelId,
    phase: given.phase === 'undo' ? 'withdrawing' : 'kept',
  }));
  const given = next.given.get(exchangeId);
  if (given?.act !== act || given.phase !== 'withdrawing') return only(next);
  return { state: next, commands: [{ kind: 'withdraw', exchangeId, act, labelId }] };
}

function failed(state: TriageState, exchangeId: string, act: number, text: string): TriageState {
  const given = replaced(state.given, exchangeId, act, ({ before }) => before);
  const history = state.history.filter((entry) => entry.act !== act);
  return withProblem({ ...state, given, history }, { exchangeId, what: 'label', text });
}

/** The latest label goes, and its item is shown. Earlier ones of the same item do not stand again: the ledger replaced them. */
function undo(state: TriageState): Step {
  const last = state.history.at(-1);
  if (last === undefined) return only(state);
  const { exchangeId, act } = last;
  const history = state.history.filter((entry) => entry.exchangeId !== exchangeId);
  const at = state.items.findIndex(({ exchange }) => exchange.exchange_id === exchangeId);
  const there = { ...state, history, at: at < 0 ? state.at : at };
  const given = state.given.get(exchangeId);
  if (given?.act !== act) return only(there);
  const { labelId } = given;
  const phase = labelId === null ? 'undo' : 'withdrawing';
  const next = changed(there, exchangeId, act, (was) => ({ ...was, phase }));
  return { state: next, commands: labelId === null ? [] : [{ kind: 'withdraw', exchangeId, act, labelId }] };
}

function gone(state: TriageState, exchangeId: string, act: number): TriageState {
  const given = replaced(state.given, exchangeId, act, () => null);
  const revealed = new Set(state.revealed);
  if (!given.has(exchangeId)) revealed.delete(exchangeId);
  return { ...state, given, revealed };
}

/** A note goes to the ledger with its label. One that is written later gives the same label again, with the note. */
function noteDone(state: TriageState, exchangeId: string): Step {
  const given = state.given.get(exchangeId);
  const note = state.notes.get(exchangeId)?.trim() ?? '';
  return given === undefined || note === '' ? only(state) : send(state, exchangeId, given.label);
}

function together(state: TriageState, label: HumanLabel, labels: ReadonlyMap<string, string>): TriageState {
  const given = new Map(state.given);
  const history = [...state.history];
  let act = state.acts;
  for (const [exchangeId, labelId] of labels) {
    act += 1;
    given.set(exchangeId, { act, label, phase: 'kept', labelId, before: null });
    history.push({ act, exchangeId });
  }
  return { ...state, given, history, acts: act };
}

function changed(
  state: TriageState,
  exchangeId: string,
  act: number,
  change: (given: GivenLabel) => GivenLabel,
): TriageState {
  return { ...state, given: replaced(state.given, exchangeId, act, change) };
}

/** Changes one act, wherever it stands in the line of labels of its item. */
function replaced(
  all: TriageState['given'],
  exchangeId: string,
  act: number,
  change: (given: GivenLabel) => GivenLabel | null,
): TriageState['given'] {
  const inLine = (given: GivenLabel | null): GivenLabel | null => {
    if (given === null) return null;
    return given.act === act ? change(given) : { ...given, before: inLine(given.before) };
  };
  const next = inLine(all.get(exchangeId) ?? null);
  const copy = new Map(all);
  if (next === null) copy.delete(exchangeId);
  else copy.set(exchangeId, next);
  return copy;
}

function withProblem(state: TriageState, problem: TriageProblem): TriageState {
  return { ...state, problems: [...withoutProblem(state, problem.exchangeId).problems, problem] };
}

function withoutProblem(state: TriageState, exchangeId: string): TriageState {
  return { ...state, problems: state.problems.filter((problem) => problem.exchangeId !== exchangeId) };
}
