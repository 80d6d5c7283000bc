import { ActionIcon, Group, Menu, Text, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconChevronUp, IconKeyboard, IconLogout, IconSettings } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Me } from '../../../../contract/responses.ts';
import { useAct, useApi } from '../../api/hooks.ts';
import { useKeyHelp } from '../../shared/keys.tsx';
import { forget } from '../session.ts';
import { ColorSchemeSwitch } from './color-scheme-switch.tsx';
import classes from './shell.module.css';

/** Foot of the navigation: who is signed in, colour scheme, keys, settings, sign-out. */
export function UserMenu({ me }: { me: Me }) {
  const api = useApi();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const showKeys = useKeyHelp();
  const signOut = useAct('sign_out', {
    onDone: () => {
      forget({ api, queryClient });
      void navigate({ to: '/sign-in' });
    },
  });
  return (
    <div className={classes.foot}>
      <Menu position="top-start" width={200} shadow="md">
        <Menu.Target>
          <UnstyledButton className={classes.user}>
            <VisuallyHidden>Account of</VisuallyHidden>
            <span className={classes.avatar} aria-hidden>
              {me.name.slice(0, 2).toUpperCase()}
            </span>
            <span className={classes.userText}>
              <Text size="sm" fw={600} truncate>
                {me.name}
              </Text>
              <Text size="xs" c="dimmed">
                {me.role.replace('_', ' ')}
              </Text>
            </span>
            <IconChevronUp size={14} aria-hidden />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => void navigate({ to: '/settings' })}>
            Settings
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate({})}>
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Group gap={4} wrap="nowrap">
        <ColorSchemeSwitch />
        <Tooltip label="Keys (?)">
          <ActionIcon variant="subtle" color="gray" aria-label="Show keys" onClick={showKeys}>
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </div>
  );
}
