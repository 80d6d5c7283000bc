import { TextInput } from '@mantine/core';

interface Props {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
  readonly width?: number;
}

/** A text that counts when the field is left, or by Enter: not with each letter. */
export function TextField({ label, value, onChange, width }: Props) {
  const keep = (text: string) => {
    const next = text.trim() === '' ? undefined : text.trim();
    if (next !== value) onChange(next);
  };
  return (
    <TextInput
      key={value ?? ''}
      label={label}
      defaultValue={value ?? ''}
      maxLength={256}
      onBlur={(event) => keep(event.currentTarget.value)}
      onKeyDown={(event) => event.key === 'Enter' && keep(event.currentTarget.value)}
      {...(width !== undefined && { w: width })}
    />
  );
}

/** A day and an hour in the reader's zone, kept as RFC 3339 UTC. */
export function DateField({ label, value, onChange, width }: Props) {
  return (
    <TextInput
      key={value ?? ''}
      type="datetime-local"
      label={label}
      defaultValue={value === undefined ? '' : localOf(value)}
      onBlur={(event) => {
        const text = event.currentTarget.value;
        const next = text === '' ? undefined : new Date(text).toISOString();
        if (next !== value) onChange(next);
      }}
      {...(width !== undefined && { w: width })}
    />
  );
}

function localOf(ts: string): string {
  const at = new Date(ts);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
