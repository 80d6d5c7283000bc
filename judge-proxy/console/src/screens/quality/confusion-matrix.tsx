import type { CSSProperties } from 'react';
import type { Quality } from '../../../../contract/responses.ts';
import { formatCount } from '../../shared/format.ts';
import { type MatrixCell, matrix } from './meaning.ts';
import classes from './quality.module.css';

const JUDGE = { violation: 'violation', clean: 'clean', undetermined: 'undetermined' } as const;

/** Rows: the judge. Columns: people. An undecided judge is neither right nor wrong. */
export function ConfusionMatrix({ confusion }: { confusion: Quality['confusion'] }) {
  return (
    <table className={classes.matrix}>
      <thead>
        <tr>
          <td />
          <th scope="col">people: violation</th>
          <th scope="col">people: clean</th>
        </tr>
      </thead>
      <tbody>
        {matrix(confusion).map((row) => (
          <tr key={row[0]?.judge}>
            <th scope="row">judge: {JUDGE[row[0]?.judge ?? 'undetermined']}</th>
            {row.map((cell) => (
              <Cell key={cell.human} cell={cell} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell({ cell }: { cell: MatrixCell }) {
  const { count, weighted, agrees, share } = cell;
  return (
    <td className={classes.cell} data-agrees={agrees} style={{ '--share': share } as CSSProperties}>
      <span className={classes.weighted}>{formatCount(Math.round(weighted))}</span>
      <span className={classes.plain}>{formatCount(count)} labelled</span>
    </td>
  );
}
