import type { ReactNode } from 'react';
import classes from './traffic-text.module.css';
import { type Mark, type Piece, runsOf } from './visible-text.ts';

interface Props {
  readonly text: string;
  readonly marks?: readonly Mark[];
  /** Called with the id of a mark that was chosen. */
  readonly onMark?: (id: string) => void;
  /** The mark that is looked at now. */
  readonly chosen?: string | null;
  /** On one line, cut with an ellipsis where it does not fit. */
  readonly oneLine?: boolean;
  readonly mono?: boolean;
}

/**
 * Everything that came from traffic, or from a judge that read traffic: as text alone. Markup stays characters, links are
 * not made, and what cannot be seen is made visible.
 */
export function TrafficText({ text, marks = [], onMark, chosen = null, oneLine = false, mono = false }: Props) {
  const shown = oneLine ? text.replaceAll(/[\r\n\t]/g, ' ') : text;
  return (
    <bdi className={classes.text} data-one-line={oneLine || undefined} data-mono={mono || undefined}>
      {runsOf(shown, marks).map((run) => {
        const pieces = run.pieces.map((piece) => <PieceOf key={piece.at} piece={piece} />);
        const mark = run.marks.find(({ id }) => id === chosen) ?? run.marks[0];
        if (mark === undefined) return <span key={run.at}>{pieces}</span>;
        return (
          <Marked key={run.at} mark={mark} chosen={mark.id === chosen} {...(onMark !== undefined && { onMark })}>
            {pieces}
          </Marked>
        );
      })}
    </bdi>
  );
}

interface MarkedProps {
  readonly mark: Mark;
  readonly chosen: boolean;
  readonly onMark?: (id: string) => void;
  readonly children: ReactNode;
}

function Marked({ mark, chosen, onMark, children }: MarkedProps) {
  const shown = (
    <mark className={classes.mark} data-kind={mark.kind} data-mark={mark.id} data-chosen={chosen || undefined}>
      {children}
    </mark>
  );
  if (onMark === undefined) return shown;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same is reached by key from the list of findings
    // biome-ignore lint/a11y/noStaticElementInteractions: a button would break lines of the text
    <span onClick={() => onMark(mark.id)} className={classes.clickable}>
      {shown}
    </span>
  );
}

function PieceOf({ piece }: { piece: Piece }) {
  if (piece.type === 'text') return piece.text;
  return (
    <span className={classes.hidden} title={piece.name}>
      {piece.shown}
    </span>
  );
}
