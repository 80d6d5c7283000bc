import { Outlet } from '@tanstack/react-router';
import { useMe } from '../session.ts';
import classes from './shell.module.css';
import { Sidebar } from './sidebar.tsx';

/** What every page behind the sign-in stands in. */
export function Shell() {
  const me = useMe();
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#main">
        Skip to the content
      </a>
      <Sidebar me={me} />
      <main id="main" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}
