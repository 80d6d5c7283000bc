import { Kbd, Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import type { PolicyCheck } from '../../../../contract/responses.ts';
import classes from './policies.module.css';
import { RubricField } from './rubric-field.tsx';
import type { Schema } from './schema-hints.ts';

interface Props {
  readonly text: string;
  readonly readOnly: boolean;
  readonly schema: Schema | null;
  readonly checked: PolicyCheck | null;
  readonly onChange: (text: string) => void;
  readonly onChecked: (checked: PolicyCheck) => void;
  readonly onSave: () => void;
}

export function EditPanel({ text, readOnly, schema, checked, onChange, onChecked, onSave }: Props) {
  return (
    <>
      <RubricField label="Rubric" value={text} {...{ readOnly, schema, onChange, onChecked, onSave }} />
      {!readOnly && <Status checked={checked} />}
    </>
  );
}

function Status({ checked }: { checked: PolicyCheck | null }) {
  const first = checked?.findings[0];
  const more = (checked?.findings.length ?? 0) - 1;
  return (
    <div className={classes.status} role="status" data-bad={first !== undefined || undefined}>
      {first === undefined ? (
        checked?.ok === true && (
          <span>
            <IconCheck size={14} aria-hidden /> It can be used. Hash {checked.rubric_hash?.slice(0, 8)}
          </span>
        )
      ) : (
        <span>
          <IconAlertTriangle size={14} aria-hidden /> Line {first.line}: {first.message}
          {more > 0 && `, and ${more} more`}
        </span>
      )}
      <Text size="xs" c="dimmed" ml="auto" component="span">
        <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Space</Kbd> completes · <Kbd size="xs">Ctrl</Kbd>{' '}
        <Kbd size="xs">S</Kbd> saves · <Kbd size="xs">Esc</Kbd> then <Kbd size="xs">Tab</Kbd> leaves the editor
      </Text>
    </div>
  );
}
