import { Link } from '@tanstack/react-router';
import type { Me } from '../../../../contract/responses.ts';
import { Brand } from './brand.tsx';
import { navigationFor } from './navigation.ts';
import classes from './shell.module.css';
import { UserMenu } from './user-menu.tsx';

export function Sidebar({ me }: { me: Me }) {
  return (
    <header className={classes.side}>
      <Brand />
      <nav aria-label="Main" className={classes.nav}>
        {navigationFor(me.permissions).map((group) => (
          <div key={group.label} className={classes.group}>
            <p className={classes.groupLabel}>{group.label}</p>
            <ul className={classes.list}>
              {group.places.map(({ label, to, icon: Icon }) => (
                <li key={label}>
                  <Link to={to} className={classes.link} activeOptions={{ exact: to === '/', includeSearch: false }}>
                    <Icon size={17} stroke={1.7} aria-hidden />
                    {label}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <UserMenu me={me} />
    </header>
  );
}
