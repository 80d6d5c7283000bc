import { Group, SegmentedControl, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { counted, formatCount } from '../../shared/format.ts';
import { type DiffRow, type DiffSide, diffCounts, diffRows, type Fold, folded } from './diff-rows.ts';
import classes from './diff-view.module.css';

interface Props {
  readonly before: string;
  readonly after: string;
  readonly beforeName: string;
  readonly afterName: string;
  /** Where there is no room for two columns. */
  readonly unifiedOnly?: boolean;
}

/** Lines around a change that are shown. */
const CONTEXT = 3;

/** Two texts compared, as text alone. */
export function DiffView({ before, after, beforeName, afterName, unifiedOnly = false }: Props) {
  const [layout, setLayout] = useState<'split' | 'unified'>(unifiedOnly ? 'unified' : 'split');
  const rows = useMemo(() => diffRows(before, after), [before, after]);
  const shown = useMemo(() => folded(rows, CONTEXT), [rows]);
  const { added, removed } = diffCounts(rows);
  if (rows.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {beforeName} and {afterName} are equal.
      </Text>
    );
  return (
    <section aria-label={`${beforeName} compared with ${afterName}`}>
      <Group justify="space-between" mb={6}>
        <Text size="xs" c="dimmed">
          {beforeName} → {afterName}: {counted(added, 'line')} added, {formatCount(removed)} removed
        </Text>
        {!unifiedOnly && (
          <SegmentedControl
            size="xs"
            aria-label="Layout"
            value={layout}
            onChange={(value) => setLayout(value as typeof layout)}
            data={[
              { value: 'split', label: 'Side by side' },
              { value: 'unified', label: 'Unified' },
            ]}
          />
        )}
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by key (WCAG 2.1.1) */}
      <section className={classes.frame} aria-label="Difference" tabIndex={0}>
        <table className={classes.table}>
          <colgroup>
            <col className={classes.numbers} />
            <col />
            {layout === 'split' && <col className={classes.numbers} />}
            {layout === 'split' && <col />}
          </colgroup>
          <tbody>
            {shown.map((row, index) =>
              layout === 'split' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows are computed anew as a whole
                <SplitRow key={index} row={row} />
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <UnifiedRows key={index} row={row} />
              ),
            )}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function FoldRow({ lines, span }: { lines: number; span: number }) {
  return (
    <tr className={classes.fold}>
      <td colSpan={span}>{counted(lines, 'equal line')}</td>
    </tr>
  );
}

function SplitRow({ row }: { row: DiffRow | Fold }) {
  if (row.kind === 'fold') return <FoldRow lines={row.lines} span={4} />;
  return (
    <tr>
      <Half side={row.left} kind={row.kind === 'same' ? 'same' : 'removed'} />
      <Half side={row.right} kind={row.kind === 'same' ? 'same' : 'added'} />
    </tr>
  );
}

function UnifiedRows({ row }: { row: DiffRow | Fold }) {
  if (row.kind === 'fold') return <FoldRow lines={row.lines} span={2} />;
  if (row.kind === 'same')
    return (
      <tr>
        <Half side={row.right} kind="same" />
      </tr>
    );
  return (
    <>
      {row.left !== null && (
        <tr>
          <Half side={row.left} kind="removed" />
        </tr>
      )}
      {row.right !== null && (
        <tr>
          <Half side={row.right} kind="added" />
        </tr>
      )}
    </>
  );
}

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;

function Half({ side, kind }: { side: DiffSide | null; kind: keyof typeof SIGNS }) {
  if (side === null)
    return (
      <>
        <td className={classes.number} />
        <td className={classes.text} data-kind="void" />
      </>
    );
  return (
    <>
      <td className={classes.number}>{side.line}</td>
      <td className={classes.text} data-kind={kind}>
        <span className={classes.sign}>{SIGNS[kind]}</span>
        {side.pieces.map(({ text, changed }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces are computed anew as a whole
          <span key={index} className={changed && kind !== 'same' ? classes.changed : undefined}>
            {text}
          </span>
        ))}
      </td>
    </>
  );
}
