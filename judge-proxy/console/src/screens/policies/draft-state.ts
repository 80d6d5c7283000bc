/**
 * A draft while it is written: the text on the screen, and the revision in the ledger that it grew from. Pure. Another
 * editor's draft replaces the text only where nothing of one's own would be lost; else both are kept for a decision.
 */

export interface SavedDraft {
  readonly yaml: string;
  /** 0 where there is no draft yet and the text is that in force. */
  readonly revision: number;
}

export interface DraftState {
  readonly text: string;
  readonly base: SavedDraft;
  /** What another editor saved meanwhile; it has to be decided. */
  readonly theirs: SavedDraft | null;
}

export type DraftEvent =
  | { readonly kind: 'wrote'; readonly text: string }
  | { readonly kind: 'saved'; readonly draft: SavedDraft }
  /** The server has this draft now. */
  | { readonly kind: 'read'; readonly draft: SavedDraft }
  /** Mine is to be saved over theirs. */
  | { readonly kind: 'kept_mine' }
  | { readonly kind: 'took_theirs' };

export const startDraft = (draft: SavedDraft): DraftState => ({ text: draft.yaml, base: draft, theirs: null });

export const isDirty = ({ text, base }: DraftState): boolean => text !== base.yaml;

export function stepDraft(state: DraftState, event: DraftEvent): DraftState {
  switch (event.kind) {
    case 'wrote':
      return { ...state, text: event.text };
    case 'saved':
      // What was written while it was saved stays, and is not saved yet.
      return { ...state, base: event.draft, theirs: null };
    case 'read': {
      if (event.draft.revision === state.base.revision && event.draft.yaml === state.base.yaml) return state;
      if (!isDirty(state) || state.text === event.draft.yaml) return startDraft(event.draft);
      return { ...state, theirs: event.draft };
    }
    case 'kept_mine':
      return state.theirs === null ? state : { ...state, base: state.theirs, theirs: null };
    case 'took_theirs':
      return state.theirs === null ? state : startDraft(state.theirs);
    default:
      return event satisfies never;
  }
}
