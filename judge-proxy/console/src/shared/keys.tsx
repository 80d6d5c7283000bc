/** Keys of a page: each page lists its own in one map, `?` shows those of the page that is open. */

import { Kbd, Modal, Table, Text } from '@mantine/core';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';

export interface KeyBinding {
  /** `event.key`, e.g. `j`, `?`, `ArrowDown`. Not while somebody types, not with Ctrl, Alt or Meta. */
  readonly key: string;
  readonly what: string;
  /** Also while the key is held down: for moving, never for what changes something. */
  readonly repeats?: boolean;
  readonly run: () => void;
}

interface Registry {
  add(list: { readonly current: KeyList }): () => void;
  show(): void;
}
interface KeyList {
  readonly title: string;
  readonly bindings: readonly KeyBinding[];
}

const KeysContext = createContext<Registry | null>(null);

/** Listens for keys, and holds the dialog that explains them. */
export function KeysProvider({ children }: { children: ReactNode }) {
  const lists = useRef(new Set<{ readonly current: KeyList }>());
  const [shown, setShown] = useState<readonly KeyList[] | null>(null);
  const registry = useMemo<Registry>(
    () => ({
      add(list) {
        lists.current.add(list);
        return () => lists.current.delete(list);
      },
      show: () => setShown([...lists.current].map(({ current }) => current)),
    }),
    [],
  );
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isBusy(event.target)) return;
      if (event.key === '?') return registry.show();
      const bindings = [...lists.current].reverse().flatMap(({ current }) => current.bindings);
      const binding = bindings.find(({ key }) => key === event.key);
      if (binding === undefined) return;
      event.preventDefault();
      if (!event.repeat || binding.repeats === true) binding.run();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [registry]);
  return (
    <KeysContext value={registry}>
      {children}
      <KeyHelp lists={shown} onClose={() => setShown(null)} />
    </KeysContext>
  );
}

/** Binds keys while the component is there. */
export function useKeys(title: string, bindings: readonly KeyBinding[]): void {
  const registry = useRegistry();
  const list = useRef<KeyList>({ title, bindings });
  list.current = { title, bindings };
  useEffect(() => registry.add(list), [registry]);
}

/** Opens the list of keys. */
export function useKeyHelp(): () => void {
  return useRegistry().show;
}

function useRegistry(): Registry {
  const registry = useContext(KeysContext);
  if (registry === null) throw new Error('outside of the console');
  return registry;
}

/** Somebody types there, or a dialog has the keys. */
function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, [role="dialog"], [role="menu"], [role="listbox"]') !== null
  );
}

function KeyHelp({ lists, onClose }: { lists: readonly KeyList[] | null; onClose: () => void }) {
  const some = (lists ?? []).filter(({ bindings }) => bindings.length > 0);
  return (
    <Modal opened={lists !== null} onClose={onClose} title="Keys" closeButtonProps={{ 'aria-label': 'Close' }}>
      {[...some, { title: 'Everywhere', bindings: [{ key: '?', what: 'Show this list', run: () => {} }] }].map(
        (list) => (
          <Table key={list.title} captionSide="top" mb="sm" withRowBorders={false} verticalSpacing={4}>
            <Table.Caption ta="left">{list.title}</Table.Caption>
            <Table.Tbody>
              {list.bindings.map(({ key, what }) => (
                <Table.Tr key={key}>
                  <Table.Td w={110}>
                    <Kbd>{key}</Kbd>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{what}</Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ),
      )}
    </Modal>
  );
}
