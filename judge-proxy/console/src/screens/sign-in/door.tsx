import { Paper, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { Brand } from '../../app/shell/brand.tsx';
import { ColorSchemeSwitch } from '../../app/shell/color-scheme-switch.tsx';
import classes from './door.module.css';

interface Props {
  readonly title: string;
  readonly about: string;
  readonly children: ReactNode;
}

/** The pages before the console. */
export function Door({ title, about, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Judge proxy`;
  }, [title]);
  return (
    <div className={classes.door}>
      <div className={classes.corner}>
        <ColorSchemeSwitch />
      </div>
      <main className={classes.card}>
        <Brand />
        <Paper p="xl" shadow="sm">
          <Title order={1} size="1.125rem">
            {title}
          </Title>
          <Text size="sm" c="dimmed" mb="md">
            {about}
          </Text>
          {children}
        </Paper>
      </main>
    </div>
  );
}
