import { Button, Group, Modal, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { FilterField, FilterKey, ListFilter } from './filters.ts';

interface Props {
  /** The field that is asked for, null while none is. */
  readonly field: FilterField | null;
  readonly filter: ListFilter;
  readonly onSet: (key: FilterKey, value: string | null) => void;
  readonly onClose: () => void;
}

/** Asks for the value of one of the less common filters. */
export function FieldDialog({ field, filter, onSet, onClose }: Props) {
  return (
    <Modal
      opened={field !== null}
      onClose={onClose}
      title={field === null ? '' : `Filter: ${field.label}`}
      size="sm"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {field !== null && (
        <FieldForm key={field.key} field={field} value={String(filter[field.key] ?? '')} onSet={onSet} />
      )}
    </Modal>
  );
}

interface FormProps {
  readonly field: FilterField;
  readonly value: string;
  readonly onSet: (key: FilterKey, value: string | null) => void;
}

function FieldForm({ field, value, onSet }: FormProps) {
  const [text, setText] = useState(value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSet(field.key, text.trim());
      }}
    >
      {'choices' in field ? (
        <Select
          label={field.label}
          data={[...field.choices]}
          value={text === '' ? null : text}
          onChange={(chosen) => setText(chosen ?? '')}
          searchable
          data-autofocus
        />
      ) : (
        <TextInput
          label={field.label}
          placeholder={field.text}
          description="The whole name"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
      )}
      <Group justify="flex-end" mt="md">
        <Button type="submit" disabled={text.trim() === ''}>
          Filter
        </Button>
      </Group>
    </form>
  );
}
