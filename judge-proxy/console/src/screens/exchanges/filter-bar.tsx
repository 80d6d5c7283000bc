import { Button, CloseButton, Group, Menu, Select, TextInput } from '@mantine/core';
import { IconFilter, IconSearch } from '@tabler/icons-react';
import { type FormEvent, useRef, useState } from 'react';
import { useKeys } from '../../shared/keys.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import classes from './exchanges.module.css';
import { FieldDialog } from './field-dialog.tsx';
import {
  type FilterField,
  type FilterKey,
  inWords,
  type ListFilter,
  MAIN_FIELDS,
  MORE_FIELDS,
  withField,
} from './filters.ts';

interface Props {
  readonly filter: ListFilter;
  readonly onChange: (filter: ListFilter) => void;
}

const IS_MAIN: ReadonlySet<FilterKey> = new Set(['q', ...MAIN_FIELDS.map(({ key }) => key)]);

/** Search, the filters that are wanted most, and those that are set beside them. */
export function FilterBar({ filter, onChange }: Props) {
  const [asked, setAsked] = useState<FilterField | null>(null);
  const set = (key: FilterKey, value: string | null) => onChange(withField(filter, key, value));
  const others = (Object.entries(filter) as [FilterKey, unknown][]).filter(([key]) => !IS_MAIN.has(key));
  return (
    <search className={classes.filters} aria-label="Filters">
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <SearchBox words={filter.q ?? ''} onSearch={(words) => set('q', words)} />
        {MAIN_FIELDS.map((field) => (
          <MainField key={field.key} field={field} filter={filter} onSet={set} />
        ))}
        <Menu shadow="md" position="bottom-end" width={220}>
          <Menu.Target>
            <Button variant="default" leftSection={<IconFilter size={15} aria-hidden />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {MORE_FIELDS.map((field) => (
              <Menu.Item key={field.key} onClick={() => setAsked(field)}>
                {field.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      {others.length > 0 && (
        <ul className={classes.chips} aria-label="Filters that are set">
          {others.map(([key, value]) => (
            <li key={key} className={classes.chip}>
              <TrafficText text={inWords(key, String(value))} />
              <CloseButton
                size="xs"
                aria-label={`Take away ${inWords(key, String(value))}`}
                onClick={() => set(key, null)}
              />
            </li>
          ))}
          <li>
            <Button size="compact-xs" variant="subtle" onClick={() => onChange({})}>
              Take all away
            </Button>
          </li>
        </ul>
      )}
      <FieldDialog
        field={asked}
        filter={filter}
        onClose={() => setAsked(null)}
        onSet={(key, value) => {
          setAsked(null);
          set(key, value);
        }}
      />
    </search>
  );
}

interface MainFieldProps {
  readonly field: FilterField;
  readonly filter: ListFilter;
  readonly onSet: (key: FilterKey, value: string | null) => void;
}

function MainField({ field, filter, onSet }: MainFieldProps) {
  if (!('choices' in field)) return null;
  return (
    <Select
      aria-label={field.label}
      placeholder={field.label}
      data={[...field.choices]}
      value={(filter[field.key] as string | undefined) ?? null}
      onChange={(value) => onSet(field.key, value)}
      clearable
      clearButtonProps={{ 'aria-label': `Any ${field.label.toLowerCase()}` }}
      w={148}
      className={classes.select}
      comboboxProps={{ width: 190, position: 'bottom-start' }}
    />
  );
}

function SearchBox({ words, onSearch }: { words: string; onSearch: (words: string | null) => void }) {
  const [text, setText] = useState(words);
  const input = useRef<HTMLInputElement>(null);
  useKeys('Filters', [{ key: '/', what: 'Search', run: () => input.current?.focus() }]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(text.trim() === '' ? null : text.trim());
  };
  return (
    <form onSubmit={submit} className={classes.search}>
      <TextInput
        ref={input}
        type="search"
        aria-label="Search in what was said"
        placeholder="Search in what was said  ( / )"
        leftSection={<IconSearch size={15} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={200}
        rightSection={
          words !== '' && (
            <CloseButton
              size="sm"
              aria-label="End the search"
              onClick={() => {
                setText('');
                onSearch(null);
              }}
            />
          )
        }
      />
    </form>
  );
}
